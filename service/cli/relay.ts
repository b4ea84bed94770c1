import { parseArgs } from 'node:util'
import { machine } from '../../contract/machine.ts'
import { RelayId } from '../../contract/relay.ts'
import { Config, isLoopback } from '../ground/config.ts'
import { ConfigProblem } from '../ground/problems.ts'

export const relayHelp = `relay: forwards the bytes of remote sessions between operator and device, alone

The service runs one itself; this is for a relay elsewhere. It has no data folder and knows nothing of either side.

  --key-file FILE      public key that tickets are checked with, JWK or PEM: what the service gives at /v1/relay/key
  --relay-id ID        its name: tickets must be made out to it
  --host ADDRESS       address to listen on (default 127.0.0.1)
  --port N             port (default 4722; 0 takes a free one)
  --metrics-port N     figures for Prometheus at /metrics, on 127.0.0.1 and this port alone (default: nowhere)
  --json               print one line of JSON when ready
  --parent-pipe        end when standard input closes
  --log-level LEVEL    trace, debug, info (default), warn, error, fatal, silent

For other machines to reach it:
  --tls-cert FILE --tls-key FILE   speak TLS with this certificate
  --behind-proxy                   a proxy in front speaks TLS

/healthz says that it runs.
`

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const

const options = {
  'key-file': text,
  'relay-id': text,
  host: text,
  port: text,
  'metrics-port': text,
  json: flag,
  'parent-pipe': flag,
  'log-level': text,
  'tls-cert': text,
  'tls-key': text,
  'behind-proxy': flag,
  help: flag,
} as const

/** Runs a relay until a signal, or its parent's end, stops it. @throws ConfigProblem, CommandProblem */
export async function relayCommand(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], strict: true, options })
  if (values.help) {
    process.stdout.write(relayHelp)
    return
  }
  const { startRelay } = await import('../remote/relay/alone.ts')
  const { readPublicKey } = await import('../remote/relay/keys.ts')
  const keyFile = values['key-file']
  const id = RelayId.safeParse(values['relay-id'])
  if (keyFile === undefined) throw new ConfigProblem('--key-file is missing.')
  if (!id.success) throw new ConfigProblem('--relay-id is missing, or too long.')
  const place = placeOf(values)
  const relay = await startRelay({ ...place, id: id.data, key: readPublicKey(keyFile) }, machine({ keepsAlive: true }))
  let stopping = false
  const stop = (): void => {
    if (stopping) return
    stopping = true
    relay.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`The relay did not stop cleanly: ${String(error)}\n`)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  if (values['parent-pipe']) process.stdin.on('end', stop).on('error', stop).resume()
  if (values.json) process.stdout.write(`${JSON.stringify({ ready: true, service: relay.url, relay: id.data, metrics: relay.metrics })}\n`)
}

interface PlaceValues {
  readonly host?: string
  readonly port?: string
  readonly 'metrics-port'?: string
  readonly 'log-level'?: string
  readonly 'tls-cert'?: string
  readonly 'tls-key'?: string
  readonly 'behind-proxy'?: boolean
}

/** Where it listens, as `serve` takes it. */
function placeOf(values: PlaceValues): Pick<Config, 'host' | 'port' | 'metricsPort' | 'tls' | 'behindProxy' | 'logLevel'> {
  const { 'tls-cert': cert, 'tls-key': key, port = '4722', 'metrics-port': metricsPort } = values
  if ((cert === undefined) !== (key === undefined)) throw new ConfigProblem('--tls-cert and --tls-key go together.')
  for (const [option, given] of [
    ['port', port],
    ['metrics-port', metricsPort ?? '0'],
  ] as const) {
    if (!/^\d{1,5}$/.test(given) || Number(given) > 65_535) throw new ConfigProblem(`--${option} takes a port, not "${given}".`)
  }
  const level = Config.shape.logLevel.safeParse(values['log-level'])
  if (!level.success) throw new ConfigProblem('--log-level: trace, debug, info, warn, error, fatal or silent.')
  const place = {
    host: values.host ?? '127.0.0.1',
    port: Number(port),
    ...(metricsPort === undefined ? {} : { metricsPort: Number(metricsPort) }),
    behindProxy: values['behind-proxy'] ?? false,
    logLevel: level.data,
    ...(cert === undefined || key === undefined ? {} : { tls: { cert, key } }),
  }
  if (!isLoopback(place.host) && !place.tls && !place.behindProxy) {
    throw new ConfigProblem(
      `--host: ${place.host} is not a loopback address. Give --tls-cert and --tls-key, or --behind-proxy when a proxy in front speaks TLS.`,
    )
  }
  return place
}
