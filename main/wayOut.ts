import http from 'node:http'
import https from 'node:https'

/** The agent of the whole process for an address: the host may have set one that goes through a proxy. A WebSocket takes none by itself. */
export function wayOut(address: string | URL): http.Agent {
  const { protocol } = new URL(address)
  return protocol === 'https:' || protocol === 'wss:' ? https.globalAgent : http.globalAgent
}
