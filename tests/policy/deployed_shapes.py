"""Files of the other consumers as people deploy them: shapes that documentations show. Written for the tests."""

from __future__ import annotations

DEPLOYED = {
    "haproxy": """\
# edge of the cluster
global
    log stdout format raw local0   # journald
    maxconn 4096
    stats socket /run/haproxy.sock mode 660 level admin

defaults
    mode http
    timeout client 30s
    timeout connect 5s
    timeout server 60s
    errorfile 503 /etc/haproxy/503.http

frontend www
    bind :80
    bind :443 ssl crt /etc/ssl/site.pem
    acl is_api path_beg /v1
    http-request set-header X-Forwarded-Proto https if { ssl_fc }
    use_backend api if is_api
    default_backend web

backend api
    balance leastconn
    option httpchk GET /health
    server api1 10.0.0.11:8000 check maxconn 32
    server api2 10.0.0.12:8000 check maxconn 32

backend web
    server web1 10.0.0.21:8080
""",
    "vllm": """\
# started by systemd
model: meta-llama/Llama-3.3-70B-Instruct
host: "127.0.0.1"
port: 8000
tensor-parallel-size: 4   # one node
max-num-seqs: 256
enable-prefix-caching: true
uvicorn-log-level: info
api-key: token-abc123
""",
    "ray-serve": """\
proxy_location: EveryNode
http_options:
  host: 0.0.0.0
  port: 8000
applications:
- name: llm_app
  route_prefix: /
  import_path: ray.serve.llm:build_openai_app
  args:
    llm_configs:
      - model_loading_config:
          model_id: large
          model_source: org/large
        accelerator_type: A10G
        deployment_config:
          autoscaling_config: {min_replicas: 1, max_replicas: 2}
        engine_kwargs:
          tensor_parallel_size: 4
          max_num_seqs: 32
""",
    "llm-d": """\
# from the guide, changed by hand
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata:
  name: large
  labels: {team: ml}
spec:
  selector:
    matchLabels: {app: large}
  targetPorts:
  - number: 8000
  endpointPickerRef: {name: large-epp, port: {number: 9002}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: route}
spec:
  parentRefs: [{name: inference-gateway}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /}}]
    backendRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: large}]
""",
    "kubernetes": """\
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: large
spec:
  scaleTargetRef: {name: large}
  minReplicaCount: 0
  maxReplicaCount: 8
  cooldownPeriod: 300   # seconds
  triggers:
  - type: cron
    metadata: {timezone: Europe/London, start: 0 6 * * *, end: 0 20 * * *, desiredReplicas: "4"}
  - type: prometheus
    metadata:
      serverAddress: http://prometheus:9090
      query: sum(vllm:num_requests_waiting)
      threshold: '5'
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: interactive}
value: 1000
""",
    "otel-collector": """\
receivers:
  otlp:
    protocols:
      grpc: {endpoint: 0.0.0.0:4317}
      http:
processors:
  batch:
  memory_limiter: {check_interval: 1s, limit_mib: 512}   # first in each pipeline
exporters:
  otlphttp:
    endpoint: https://collector.example.com
    headers: {authorization: "Bearer abc"}
  debug: {verbosity: basic}
service:
  pipelines:
    traces: {receivers: [otlp], processors: [memory_limiter, batch], exporters: [otlphttp, debug]}
""",
    "triton": """\
# of the model repository
name: "bge-m3"
platform: "onnxruntime_onnx"
max_batch_size: 16
input [ { name: "ids" data_type: TYPE_INT64 dims: [ -1 ] } ]
dynamic_batching { max_queue_delay_microseconds: 100 }
instance_group [ { kind: KIND_GPU count: 2 } ]
""",
    "bifrost": """\
{
  "client": {"drop_excess_requests": false, "initial_pool_size": 300},
  "providers": {
    "openai": {
      "keys": [{"name": "first", "value": "sk-literal-secret", "models": ["gpt-5"], "weight": 1.0}],
      "network_config": {"default_request_timeout_in_seconds": 60, "max_retries": 1}
    }
  },
  "config_store": {"enabled": true, "type": "sqlite", "config": {"path": "./config.db"}}
}
""",
    "envoy-ai-gateway": """\
# two providers, from the guide
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIGatewayRoute
metadata: {name: chat, namespace: default}
spec:
  parentRefs: [{name: gateway, kind: Gateway, group: gateway.networking.k8s.io}]
  rules:
  - matches: [{headers: [{type: Exact, name: x-ai-eg-model, value: gpt-5}]}]
    backendRefs: [{name: openai, weight: 1}]
    timeouts: {request: 60s}   # long answers
---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIServiceBackend
metadata: {name: openai, namespace: default}
spec:
  schema: {name: OpenAI}
  backendRef: {name: openai, kind: Backend, group: gateway.envoyproxy.io}
---
apiVersion: v1
kind: Secret
metadata: {name: openai-key}
stringData: {apiKey: sk-literal-secret}
""",
    "dynamo": """\
apiVersion: nvidia.com/v1beta1
kind: DynamoGraphDeployment
metadata:
  name: large
  annotations: {team: ml}
spec:
  backendFramework: vllm
  components:
  - name: frontend
    type: frontend
    replicas: 1
    podTemplate:
      spec:
        containers:
        - {name: main, image: registry.example.com/frontend:1, env: [{name: HF_TOKEN, value: token-abc123}]}
  - name: worker
    type: worker
    replicas: 4   # of eight GPUs each
""",
    "vllm-sr": """\
version: v0.3
listeners:
- {name: http, address: 0.0.0.0, port: 8801, timeout: 300s}
providers:
  defaults: {model: small}   # what names none
  models:
  - name: small
    backend_refs: [{name: one, endpoint: "10.0.0.7:8000", protocol: http, api_key: sk-literal-secret}]
routing:
  signals:
    keywords: [{name: urgent, operator: OR, keywords: [now, asap]}]
  decisions:
  - name: urgent
    priority: 10
    rules: {operator: AND, conditions: [{type: keyword, name: urgent}]}
    modelRefs: [{model: small}]
""",
    "client": "entries: []\n# nothing taken over yet\n",
}
