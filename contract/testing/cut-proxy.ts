import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP proxy between console and service, which a test can cut: that is "network off", for real. */
export interface CutProxy {
  readonly url: string
  /** Ends all connections and takes no new ones, as when a cable is pulled at this end. */
  cut(): void
  /** Keeps the connections but lets nothing through, as when a cable is pulled somewhere else. */
  hold(): void
  /** Lets everything through again. */
  resume(): void
  close(): Promise<void>
}

export async function startCutProxy(target: { port: number }): Promise<CutProxy> {
  let state: 'open' | 'cut' | 'held' = 'open'
  /** Each open socket and the one that gets what it receives. */
  const flows = new Map<Socket, Socket>()

  const track = (from: Socket, to: Socket) => {
    flows.set(from, to)
    // Either end may go at any moment; the other one then closes too.
    from.on('error', () => from.destroy())
    from.once('close', () => {
      flows.delete(from)
      to.destroy()
    })
    if (state === 'open') from.pipe(to)
  }

  const server = createServer((inward) => {
    if (state === 'cut') {
      inward.destroy()
      return
    }
    const outward = connect(target.port, '127.0.0.1')
    track(inward, outward)
    track(outward, inward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    cut: () => {
      state = 'cut'
      for (const from of flows.keys()) from.destroy()
    },
    hold: () => {
      state = 'held'
      for (const [from, to] of flows) from.unpipe(to)
    },
    resume: () => {
      if (state === 'held') for (const [from, to] of flows) from.pipe(to)
      state = 'open'
    },
    close: () => {
      for (const from of flows.keys()) from.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
