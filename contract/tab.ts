import { z } from 'zod'

/**
 * What the browser host and its page agree on besides the bridge. A tab proves itself with a secret of its own, which it
 * gets once for a link's token and shows as a WebSocket subprotocol: browsers add it to nothing by themselves.
 */

/** Spoken by both ends. The host answers with this one, so that the secret is not sent back. */
export const bridgeProtocol = 'roomkeeper.bridge'
const secretPrefix = 'roomkeeper.tab.'

/** 32 random bytes in base64url. */
export const TabSecret = z.string().regex(/^[\w-]{43}$/u)

/** The subprotocols that a tab offers. */
export const protocolsOf = (secret: string): string[] => [bridgeProtocol, `${secretPrefix}${secret}`]

/** The secret in the header of an upgrade; undefined where there is none, or more than one. */
export function secretIn(header: string | undefined): string | undefined {
  const offered = (header ?? '').split(',').map((name) => name.trim())
  const secrets = offered.filter((name) => name.startsWith(secretPrefix))
  if (!offered.includes(bridgeProtocol) || secrets.length !== 1) return undefined
  return secrets[0]?.slice(secretPrefix.length)
}

/** `POST /session` with a link's token, and what it answers. */
export const Entrance = z.object({ token: z.string().min(1).max(200) }).strict()
export const Entered = z.object({ secret: TabSecret })

/** The host's only message besides those of the bridge: the secret of this tab is another one from now on. */
export const Renewed = z.object({ type: z.literal('tab'), secret: TabSecret })
export type Renewed = z.infer<typeof Renewed>

/** Closes the other tabs when somebody signs out in one. */
export const signedOutClose = 4_001
