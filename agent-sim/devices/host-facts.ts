import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import * as system from 'systeminformation'
import { connectedDisplays } from './drm.ts'
import { runProgram } from './run-program.ts'

/**
 * What the machine has, part by part. Each function answers for one part and may take a moment or fail; the driver
 * gives each a limit. An empty list means that the machine has none.
 */

/** Displays that are connected: "DELL U2723QE, 3840×2160". */
export async function displays(): Promise<string[]> {
  const { displays: found } = await system.graphics()
  const drawn = found
    // A graphics card without anything plugged in is listed on some systems, with neither name nor size.
    .filter((display) => display.model || display.resolutionX || display.currentResX)
    .map((display) => {
      const width = display.currentResX ?? display.resolutionX
      const height = display.currentResY ?? display.resolutionY
      const name = [display.vendor, display.model].filter(Boolean).join(' ') || 'Display'
      return width && height ? `${name}, ${width}×${height}` : name
    })
  // Without an X server that tells, the kernel does.
  return drawn.length > 0 || process.platform !== 'linux' ? drawn : connectedDisplays()
}

/** Whether something listens there; the driver's limit ends a wait. */
export function listens({ host, port }: { readonly host: string; readonly port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const answer = (is: boolean) => {
      socket.destroy()
      resolve(is)
    }
    socket.once('connect', () => {
      answer(true)
    })
    socket.once('error', () => {
      answer(false)
    })
  })
}

export interface AudioParts {
  microphones: string[]
  speakers: string[]
}

/** Sound devices that record and that play. */
export async function audio(): Promise<AudioParts> {
  if (process.platform === 'linux') return linuxAudio(textOf('/proc/asound/pcm'))
  const found = await system.audio()
  const named = (wanted: RegExp, flag: 'in' | 'out') =>
    found.filter((device) => device[flag] || wanted.test(device.type)).map((device) => device.name || device.type)
  return { microphones: named(/microphone/iu, 'in'), speakers: named(/speaker|headphone|hdmi|audio out/iu, 'out') }
}

/** The kernel's list of sound devices: `00-00: ALC257 Analog : ALC257 Analog : playback 1 : capture 1`. */
export function linuxAudio(pcm: string): AudioParts {
  const parts: AudioParts = { microphones: [], speakers: [] }
  for (const line of pcm.split('\n')) {
    const [, name = '', ...rest] = line.split(':').map((field) => field.trim())
    if (rest.some((field) => field.startsWith('capture'))) parts.microphones.push(name)
    if (rest.some((field) => field.startsWith('playback'))) parts.speakers.push(name)
  }
  return parts
}

/** Cameras, by the way each system lists them. */
export async function cameras(): Promise<string[]> {
  switch (process.platform) {
    case 'linux': {
      const folder = '/sys/class/video4linux'
      if (!existsSync(folder)) return []
      // One camera has several nodes (picture, metadata); its name is the same on each.
      return [...new Set(readdirSync(folder).map((node) => textOf(`${folder}/${node}/name`).trim()))].filter(Boolean)
    }
    case 'darwin': {
      const listed = await runProgram('system_profiler', ['SPCameraDataType'])
      return [...listed.matchAll(/^ {4}(\S.*):$/gmu)].map(([, name = '']) => name)
    }
    case 'win32': {
      const listed = await runProgram('powershell.exe', [
        '-NoProfile',
        '-NonInteractive',
        '-Command',
        "Get-CimInstance Win32_PnPEntity | Where-Object { $_.PNPClass -in 'Camera','Image' } | ForEach-Object { $_.Name }",
      ])
      return listed.split(/\r?\n/u).filter(Boolean)
    }
    default:
      return []
  }
}

export interface NetworkPart {
  name: string
  up: boolean
  address: string
  /** In Mbit/s, where the system knows it. */
  speed: number | undefined
  /** It leads out by Wi-Fi, and no cable does. */
  wireless?: boolean
}

/** The interface that leads out, or undefined where there is none but loopback. */
export async function network(): Promise<NetworkPart | undefined> {
  const found = await system.networkInterfaces()
  const real = (Array.isArray(found) ? found : [found]).filter((one) => !one.internal)
  const chosen = real.find((one) => one.default) ?? real.find((one) => one.ip4 || one.ip6) ?? real[0]
  if (!chosen) return undefined
  // Some drivers, and every container, leave the state unknown: an address then says that it works.
  const up = chosen.operstate === 'up' || (chosen.operstate !== 'down' && Boolean(chosen.ip4 || chosen.ip6))
  const speed = typeof chosen.speed === 'number' && chosen.speed > 0 ? chosen.speed : undefined
  const wireless = chosen.type === 'wireless' && !real.some((one) => one.type === 'wired' && one.operstate === 'up' && !one.virtual)
  return { name: chosen.iface, up, address: chosen.ip4 || chosen.ip6, speed, wireless }
}

/** An address of this machine without asking anything that may take long, or ''. */
export function quickAddress(): string {
  return (
    Object.values(networkInterfaces())
      .flat()
      .find((one) => one && !one.internal)?.address ?? ''
  )
}

export interface SystemPart {
  /** "Debian GNU/Linux 12 (bookworm), 6.1.0-26-amd64". */
  name: string
  platform: string
}

export async function operatingSystem(): Promise<SystemPart> {
  const found = await system.osInfo()
  const release = [found.distro, found.release, found.codename && `(${found.codename})`].filter(Boolean).join(' ')
  const build = found.build || found.kernel
  return { name: build ? `${release}, ${build}` : release, platform: `${found.platform} ${found.arch}` }
}

export interface DiskPart {
  freeBytes: number
  sizeBytes: number
}

/** The disk that the system lies on, or undefined where none shows. */
export async function systemDisk(): Promise<DiskPart | undefined> {
  const found = await system.fsSize()
  const disk = found.find(({ mount }) => mount === '/' || /^c:/iu.test(mount)) ?? found[0]
  return disk && disk.size > 0 ? { freeBytes: disk.available, sizeBytes: disk.size } : undefined
}

/** What the disks say of themselves: the names of those that expect to fail; undefined where none says anything. */
export async function failingDisks(): Promise<string[] | undefined> {
  const disks = await system.diskLayout()
  const said = disks.filter(({ smartStatus }) => smartStatus !== '' && !/unknown/iu.test(smartStatus))
  if (said.length === 0) return undefined
  return said
    .filter(({ smartStatus }) => !/^ok$/iu.test(smartStatus))
    .map(({ name, device, smartStatus }) => `${name || device}: ${smartStatus}`)
}

/** The strength of the Wi-Fi that is in use, in dBm; undefined where none is. */
export async function wifiStrength(): Promise<number | undefined> {
  if (process.platform === 'linux') return linuxWifi(textOf('/proc/net/wireless'))
  const [one] = await system.wifiConnections()
  return one && one.signalLevel !== 0 ? one.signalLevel : undefined
}

/** The kernel's list of radios: ` wlan0: 0000   54.  -56.  -256 …`, of which the third is the level in dBm. The strongest of them. */
export function linuxWifi(table: string): number | undefined {
  const levels = [...table.matchAll(/^\s*\S+:\s+\S+\s+[\d.]+\s+(-?\d+)/gmu)].map(([, level]) => Number(level)).filter((level) => level < 0)
  return levels.length === 0 ? undefined : Math.max(...levels)
}

export interface MachinePart {
  manufacturer: string
  model: string
  serial: string
}

/** What systemd calls hypervisors and containers, as their makers do. */
const virtualNames: Readonly<Record<string, string>> = {
  kvm: 'KVM',
  qemu: 'QEMU',
  vmware: 'VMware',
  microsoft: 'Hyper-V',
  oracle: 'VirtualBox',
  xen: 'Xen',
  parallels: 'Parallels',
  bhyve: 'bhyve',
  amazon: 'Amazon EC2',
  apple: 'Apple virtualization',
  google: 'Google Compute Engine',
  acrn: 'ACRN',
  docker: 'Docker',
  podman: 'Podman',
  lxc: 'LXC',
  wsl: 'WSL',
}

/** What the machine runs in, where it is no real one: by systemd, which knows them apart. '' where it is real, or nobody knows. */
async function virtualHost(): Promise<string> {
  if (process.platform !== 'linux') return ''
  const said = await runProgram('systemd-detect-virt', []).catch(() => '')
  const name = said.trim()
  return name === 'none' ? '' : (virtualNames[name] ?? name)
}

export async function machine(): Promise<MachinePart> {
  const [{ manufacturer, model: firmware, serial }, host] = await Promise.all([system.system(), virtualHost()])
  // Where the firmware says nothing, its model is a guess.
  const model = host !== '' && manufacturer === '' ? host : firmware
  // What firmware makers leave where they had nothing to say.
  const said = (text: string) => (/^(-|none|default string|to be filled.*|not specified)$/iu.test(text) ? '' : text)
  return { manufacturer: said(manufacturer), model: said(model), serial: said(serial) }
}

/** "TPM 2.0", or undefined where the machine has none that is on. */
export async function tpm(): Promise<string | undefined> {
  if (process.platform === 'linux') {
    if (!existsSync('/sys/class/tpm/tpm0') && !existsSync('/dev/tpmrm0')) return undefined
    const major = textOf('/sys/class/tpm/tpm0/tpm_version_major').trim()
    return major === '1' ? 'TPM 1.2' : 'TPM 2.0'
  }
  if (process.platform === 'win32') {
    const said = await runProgram('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', '(Get-Tpm).TpmReady'])
    return said.trim() === 'True' ? 'TPM 2.0' : undefined
  }
  return undefined
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
