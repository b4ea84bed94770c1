import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = ReturnType<typeof makeMetrics>

/** What `/metrics` shows. Labels have few values, none of which a stranger can choose. */
export function makeMetrics() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    requests: new Counter({
      name: 'roomkeeper_http_requests_total',
      help: 'HTTP requests by route and status.',
      labelNames: ['method', 'route', 'status'],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'roomkeeper_http_request_seconds',
      help: 'How long HTTP requests took.',
      labelNames: ['route'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
    commitSeconds: new Histogram({
      name: 'roomkeeper_commit_seconds',
      help: 'How long transactions took, publication included.',
      buckets: [0.0005, 0.001, 0.005, 0.02, 0.1, 0.5, 2],
      registers,
    }),
    committedRows: new Counter({ name: 'roomkeeper_committed_rows_total', help: 'Documents written.', registers }),
    commands: new Counter({
      name: 'roomkeeper_commands_total',
      help: 'Commands by type and outcome.',
      labelNames: ['type', 'outcome'],
      registers,
    }),
    refusals: new Counter({
      name: 'roomkeeper_refusals_total',
      help: 'Requests, devices and messages that were refused, by error code.',
      labelNames: ['code'],
      registers,
    }),
    agents: new Gauge({ name: 'roomkeeper_agents_connected', help: 'Connected agents.', registers }),
    consoles: new Gauge({ name: 'roomkeeper_consoles_connected', help: 'Connected consoles.', registers }),
    reports: new Counter({
      name: 'roomkeeper_reports_total',
      help: 'Device reports by what became of them.',
      labelNames: ['outcome'],
      registers,
    }),
    limited: new Counter({
      name: 'roomkeeper_device_limited_total',
      help: 'How often a device was slowed down (reports), or its reports began to be taken together (changes).',
      labelNames: ['why'],
      registers,
    }),
    devicesLimited: new Gauge({ name: 'roomkeeper_devices_limited', help: 'Devices whose rooms change too often.', registers }),
    intakeBatch: new Histogram({
      name: 'roomkeeper_intake_batch_reports',
      help: 'Reports, arrivals and silences of devices that were committed together.',
      buckets: [1, 10, 100, 500, 1_000, 2_000, 4_000],
      registers,
    }),
    deliveries: new Counter({
      name: 'roomkeeper_deliveries_total',
      help: 'Tries to tell people and others of what happened, by channel and what came of it.',
      labelNames: ['channel', 'outcome'],
      registers,
    }),
    feedRows: new Counter({ name: 'roomkeeper_feed_rows_total', help: 'Rows sent to consoles.', registers }),
  }
}
