import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Of an EDID: the first descriptor, how long each is, how many there are, and the tag of one that holds the display's name. */
const [firstDescriptor, descriptorBytes, descriptors, nameTag] = [54, 18, 4, 0xfc]

/** The name that a display gives itself in its EDID, or ''. */
export function nameInEdid(edid: Uint8Array): string {
  for (let at = firstDescriptor; at < firstDescriptor + descriptors * descriptorBytes; at += descriptorBytes) {
    const one = edid.subarray(at, at + descriptorBytes)
    if (one[0] === 0 && one[1] === 0 && one[3] === nameTag)
      return Buffer.from(one.subarray(5)).toString('latin1').split('\n')[0]?.trim() ?? ''
  }
  return ''
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch {
    return Buffer.alloc(0)
  }
}

/**
 * Displays that Linux itself sees connected, whatever draws on them, or nothing at all: "DELL U2723QE, 3840×2160". Each connector of each
 * card is a folder with what is plugged in (`status`), what that says of itself (`edid`) and what it can show, the best first (`modes`).
 */
export function connectedDisplays(folder = '/sys/class/drm'): string[] {
  let connectors: string[]
  try {
    connectors = readdirSync(folder).toSorted()
  } catch {
    return []
  }
  return connectors
    .filter(
      (connector) =>
        read(join(folder, connector, 'status'))
          .toString()
          .trim() === 'connected',
    )
    .map((connector) => {
      const [mode = ''] = read(join(folder, connector, 'modes'))
        .toString()
        .split('\n')
      const [, width, height] = /^(\d+)x(\d+)/u.exec(mode) ?? []
      const name = nameInEdid(read(join(folder, connector, 'edid'))) || connector.replace(/^card\d+-/u, '')
      return width && height ? `${name}, ${width}×${height}` : name
    })
}
