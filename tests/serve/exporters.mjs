// Sends spans of calls and a log record with the exporters of OpenTelemetry's SDK: node exporters.mjs PACKAGES URL COUNT.
import { createRequire } from "node:module";
import path from "node:path";

const [, , packages, url, count] = process.argv;
const load = createRequire(path.resolve(packages, "package.json"));
const { BasicTracerProvider, BatchSpanProcessor } = load("@opentelemetry/sdk-trace-base");
const { OTLPTraceExporter } = load("@opentelemetry/exporter-trace-otlp-http");
const { LoggerProvider, SimpleLogRecordProcessor } = load("@opentelemetry/sdk-logs");
const { OTLPLogExporter } = load("@opentelemetry/exporter-logs-otlp-http");

const spans = new BatchSpanProcessor(new OTLPTraceExporter({ url: `${url}/v1/traces`, compression: "gzip" }));
const tracing = new BasicTracerProvider({ spanProcessors: [spans] });
for (let number = 1; number <= Number(count); number += 1) {
  tracing
    .getTracer("a")
    .startSpan("chat gpt-4o", {
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.response.model": "gpt-4o",
        "gen_ai.usage.input_tokens": number,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.finish_reasons": ["stop"],
      },
    })
    .end();
}
await tracing.shutdown();

const logs = new LoggerProvider({
  processors: [new SimpleLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${url}/v1/logs` }) })],
});
logs.getLogger("a").emit({ body: "sent", attributes: { number: 1 } });
await logs.shutdown();
