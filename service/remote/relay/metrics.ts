import { Counter, Gauge, type Registry } from 'prom-client'

/** What a relay counts. Labels have few values, none of which a stranger can choose. */
export interface RelayCounts {
  readonly sessions: number
  readonly waiting: number
  readonly connections: number
  readonly forwarded: { readonly operator: number; readonly device: number }
}

export type RelayMetrics = ReturnType<typeof makeRelayMetrics>

/** The relay's part of `/metrics`; current figures are asked for when they are read. */
export function makeRelayMetrics(registry: Registry, counts: () => RelayCounts) {
  const registers = [registry]
  const gauges = { sessions: 'Sessions.', waiting: 'Sessions whose second side has not come.', connections: 'Connected sides.' } as const
  for (const name of ['sessions', 'waiting', 'connections'] as const) {
    new Gauge({
      name: `roomkeeper_relay_${name}`,
      help: gauges[name],
      registers,
      collect() {
        this.set(counts()[name])
      },
    })
  }
  new Counter({
    name: 'roomkeeper_relay_bytes_total',
    help: 'Payload forwarded, by the side that it went to.',
    labelNames: ['to'],
    registers,
    collect() {
      const { operator, device } = counts().forwarded
      this.reset()
      this.inc({ to: 'operator' }, operator)
      this.inc({ to: 'device' }, device)
    },
  })
  return {
    ended: new Counter({
      name: 'roomkeeper_relay_ended_total',
      help: 'Sessions that ended, by reason.',
      labelNames: ['reason'],
      registers,
    }),
    dropped: new Counter({ name: 'roomkeeper_relay_dropped_total', help: 'Connections of sides that were lost.', registers }),
    resumed: new Counter({ name: 'roomkeeper_relay_resumed_total', help: 'Sides that came back.', registers }),
    refused: new Counter({
      name: 'roomkeeper_relay_refused_total',
      help: 'Upgrades that were refused, by error code.',
      labelNames: ['code'],
      registers,
    }),
  }
}
