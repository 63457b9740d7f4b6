"""Files of consumers as people write them: shapes that documentations and repositories show, with their oddities.

Each was written for these tests. A name says what is odd about it.
"""

from __future__ import annotations

LITELLM = {
    "deployments in a list that is not indented": """\
# Proxy of the platform team; ask before you change it
model_list:
- model_name: gpt-4o
  litellm_params:
    model: openai/gpt-4o
    api_key: sk-literal-secret   # to be moved to the vault
    # rpm: 60
- model_name: embed
  litellm_params:
    model: azure/embed-prod
    api_base: os.environ/AZURE_BASE
    api_key: "os.environ/AZURE_KEY"
    api_version: '2024-05-01-preview'
  model_info:
    mode: embedding
# what follows is for the library
litellm_settings:
  drop_params: True
  num_retries: 3
general_settings:
  master_key: sk-1234 # [OPTIONAL]
  database_url: "postgresql://user:pass@db/litellm"
""",
    "one column of indent, flow lists, blank lines, no line end": """\
model_list:
 - model_name: llava
   litellm_params:
     model: openai/llava-hf/llava-v1.6
     api_base: http://localhost:8000
     tags: ["teamA"]
   model_info:
     supports_vision: True


litellm_settings:
  cache: true
  callbacks: ["otel"]

guardrails:
  - guardrail_name: "pre"
    litellm_params:
      guardrail: aporia  # supported values: "aporia", "bedrock"
      mode: "pre_call\"""",
    "deep indents, and only comments at the end": """\
model_list:
  - model_name: small
    litellm_params:
        model: hosted_vllm/small
        api_base: http://10.0.0.1:8000/v1
        temperature: 0.1


# curl --location 'http://0.0.0.0:8000/chat/completions' \\
# --data '{"model": "small"}'
#

# {"id":"chatcmpl-27c8","choices":[]}
""",
    "wildcards, settings in brackets": """\
model_list:
  - model_name: "*"
    litellm_params: {model: "openai/*", api_key: os.environ/OPENAI_API_KEY}
  - {model_name: large, litellm_params: {model: hosted_vllm/large, api_base: "http://large:8000"}}   # in one line
litellm_settings: {drop_params: true}
router_settings: {num_retries: 2, timeout: 30}  # seconds
environment_variables:
  REDIS_HOST: redis.internal
  REDIS_PORT: "6379"
""",
    "sections that are empty": """\
model_list: []
router_settings:
  # nothing yet
litellm_settings: {}
general_settings: ~
""",
    "a header, a document mark, its end": """\
%YAML 1.1
---
# the only document
model_list:
  - model_name: other
    litellm_params:
      model: anthropic/claude-sonnet-4-5
      api_key: os.environ/ANTHROPIC_API_KEY
...
""",
    "anchors, merged maps, tags, texts in lines of their own": """\
x-common: &common
  timeout: 600
  stream_timeout: 60
model_list:
  - model_name: other
    litellm_params:
      <<: *common
      model: openai/other
      api_key: !vault secret/openai
      extra_headers: !!map {X-Team: platform}
  - model_name: another
    litellm_params: &params
      model: openai/another
      system_prompt: |+
        # this is no comment

  - model_name: third
    litellm_params: *params
router_settings:
  routing_strategy: simple-shuffle
  fallbacks:
    - other: [another]
    - third: ["other"]
""",
    "only comments": "# to be written\n# by somebody\n",
    "nothing": "",
    "other ends of lines": 'model_list:\r\n- model_name: other\r\n  litellm_params:\r\n    model: "openai/other"\r\n',
    "a mark of the byte order": "\ufeffmodel_list:\n  - model_name: other\n    litellm_params: {model: openai/other}\n",
    "keys of other alphabets, quotes, long lines": "'model_list':\n  - \"model_name\": größe\n    litellm_params:\n"
    f"      model: openai/größe\n      description: {'lang ' * 60}\n? long key\n: its value\n",
}
_ENVOY_FILTER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ENVOY = {
    "a front proxy": f"""\
static_resources:
  listeners:
  - address:
      socket_address:
        address: 0.0.0.0
        port_value: 8080
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/{_ENVOY_FILTER}
          codec_type: AUTO
          stat_prefix: ingress_http
          route_config:
            name: local_route
            virtual_hosts:
            - name: backend
              domains:
              - "*"
              routes:
              - match:
                  prefix: "/one"
                route:
                  cluster: one
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router

  clusters:
  - name: one   # the old service
    type: STRICT_DNS
    lb_policy: ROUND_ROBIN
    load_assignment:
      cluster_name: one
      endpoints:
      - lb_endpoints:
        - endpoint:
            address:
              socket_address:
                address: one
                port_value: 8000
admin:
  address:
    socket_address: {{ address: 127.0.0.1, port_value: 9901 }}
layered_runtime:
  layers:
  - name: static_layer_0
    static_layer:
      envoy:
        resource_limits:
          listener:
            example_listener_name:
              connection_limit: 10000
""",
    "the port is taken": """\
admin:
  address: {socket_address: {address: 127.0.0.1, port_value: 10001}}   # not for others

static_resources:

  listeners:
    - name: listener_0
      address:
        socket_address: { address: 0.0.0.0, port_value: 10000 }
      filter_chains:
        - filters:
            - name: envoy.filters.network.tcp_proxy
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
                stat_prefix: ingress_tcp
                cluster: somewhere
  # clusters below
  clusters:
    - name: somewhere
      connect_timeout: 0.25s
      type: LOGICAL_DNS
      dns_lookup_family: V4_ONLY
      load_assignment:
        cluster_name: somewhere
        endpoints:
          - lb_endpoints:
              - endpoint: {address: {socket_address: {address: example.com, port_value: 443}}}
      # no TLS yet
""",
    "a pool that is there": """\
static_resources:
  clusters:
  - name: large
    connect_timeout: 1s
    type: STATIC
    load_assignment:
      cluster_name: large
      endpoints:
      - locality: {region: eu-west-2}
        lb_endpoints:
        - endpoint: {address: {socket_address: {address: 10.1.2.3, port_value: 8000}}}
""",
    "all comes from elsewhere": """\
node: {id: a, cluster: b}
dynamic_resources:
  cds_config: {path: /dev/null}
  lds_config: {path: /dev/null}
""",
    "nothing": "",
}
