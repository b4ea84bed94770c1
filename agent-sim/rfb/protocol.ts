/** Numbers of the RFB protocol (RFC 6143 and the community's registry) that both ends use. */

export const encodings = {
  raw: 0,
  copyRect: 1,
  hextile: 5,
  tight: 7,
  zrle: 16,
  desktopSize: -223,
  lastRect: -224,
  cursor: -239,
  qemuKey: -258,
  tightPng: -260,
  qemuLed: -261,
  desktopName: -307,
  extendedDesktopSize: -308,
  fence: -312,
  continuousUpdates: -313,
  extendedClipboard: -1_063_131_698,
  vmwareCursor: 0x574d5664,
} as const

/** JPEG quality and zlib compression that a client asks for: 0 to 9, as `base + level`. */
export const qualityBase = -32
export const compressionBase = -256

/** Levels that encodings ask for; undefined: not asked for. */
export function levelOf(listed: readonly number[], base: number): number | undefined {
  return listed.map((encoding) => encoding - base).find((level) => level >= 0 && level <= 9)
}

/** Client to server. */
export const fromClient = {
  setPixelFormat: 0,
  setEncodings: 2,
  updateRequest: 3,
  key: 4,
  pointer: 5,
  cutText: 6,
  continuousUpdates: 150,
  fence: 248,
  setDesktopSize: 251,
  qemu: 255,
} as const

/** Server to client. */
export const fromServer = { update: 0, colours: 1, bell: 2, cutText: 3, endOfContinuousUpdates: 150, fence: 248 } as const

export const securityTypes = { none: 1, vncAuthentication: 2 } as const

export const fenceRequest = 0x8000_0000
/** BlockBefore and BlockAfter: what a server and noVNC do anyway, since both handle messages one after the other. */
export const fenceFlags = 0x3
export const fenceBytes = 64

/** A clipboard text longer than limits.clipboardBytes is cut; one longer than this is taken for garbage. */
export const cutTextBytesAtMost = 16 * 1024 * 1024
