import { pick, randomInt, type Chance } from '../random.ts'

/** A room device as it is sold, with the parts that usually stand around it. */
export interface Equipment {
  kind: SimulatedKind
  manufacturer: string
  model: string
  serial: string
  appVersion: string
  os: string
  display: string
  console: string
  microphone: string
  speaker: string
  camera: string
  /** Undefined: the room has one display only. */
  secondDisplay: string | undefined
  hdmiIngest: boolean
  proximity: boolean
}

/** The kinds of device that are simulated. */
export const simulatedKinds = ['windows', 'videoBar', 'panel'] as const
export type SimulatedKind = (typeof simulatedKinds)[number]

/** Of so many rooms in a hundred: most have a Windows device, some a video bar, a few only the panel beside the door. */
const share: Readonly<Record<Exclude<SimulatedKind, 'windows'>, number>> = { videoBar: 0.16, panel: 0.04 }

const bars = [
  { manufacturer: 'Logitech', model: 'Rally Bar', serial: '2213BA' },
  { manufacturer: 'Poly', model: 'Studio X52', serial: '8G22' },
  { manufacturer: 'Yealink', model: 'MeetingBar A20', serial: '8032' },
  { manufacturer: 'Neat', model: 'Bar Pro', serial: 'NB12' },
] as const
const panels = [
  { manufacturer: 'Logitech', model: 'Tap Scheduler', serial: '2209TS' },
  { manufacturer: 'Crestron', model: 'TSS-770-T', serial: '2110CR' },
  { manufacturer: 'Yealink', model: 'RoomPanel E2', serial: '8045' },
] as const
const androids = ['Android 12 (AOSP, 2024-11)', 'Android 13 (AOSP, 2025-03)'] as const

const consoles = [
  { manufacturer: 'Lenovo', model: 'ThinkSmart Core', serial: 'MJ0' },
  { manufacturer: 'Logitech', model: 'Tap with Dell OptiPlex 7080', serial: '2131LZ' },
  { manufacturer: 'HP', model: 'Presence Small Space Solution', serial: '5CD' },
  { manufacturer: 'Crestron', model: 'Flex UC-C100-T', serial: '2107CR' },
  { manufacturer: 'Yealink', model: 'MCore Pro', serial: '8031' },
  { manufacturer: 'Poly', model: 'GC8 with Intel NUC', serial: '8L20' },
] as const

const displays = ['Samsung QM65C', 'LG 75UH5N', 'NEC MultiSync P555', 'Sony FW-85BZ40L', 'Philips 65BDL4052E'] as const
const audio = ['Logitech Rally Mic Pod', 'Shure MXA920', 'Yealink CM20', 'Biamp Parlé TCM-XA', 'Jabra PanaCast 50'] as const
const speakers = ['Logitech Rally Speaker', 'Biamp Desono C-IC6', 'Yealink CS10', 'Jabra PanaCast 50', 'Bose DesignMax'] as const
const cameras = ['Logitech Rally Bar', 'Jabra PanaCast 50', 'Yealink UVC86', 'Poly Studio E70', 'Huddly L1'] as const
const systems = [
  'Windows 11 IoT Enterprise 23H2 (22631.4317)',
  'Windows 11 IoT Enterprise 24H2 (26100.2033)',
  'Windows 10 IoT Enterprise LTSC 2021 (19044.5011)',
] as const
const apps = ['5.2.115.0', '5.2.115.0', '5.3.112.0', '5.1.45.0'] as const

const models: Readonly<
  Record<SimulatedKind, readonly { readonly manufacturer: string; readonly model: string; readonly serial: string }[]>
> = {
  windows: consoles,
  videoBar: bars,
  panel: panels,
}

/** What stands in a room, by one random number. */
export function kindBy(chance: number): SimulatedKind {
  if (chance < share.panel) return 'panel'
  return chance < share.panel + share.videoBar ? 'videoBar' : 'windows'
}

/** Plausible equipment of one room. The same random numbers give the same room. */
export function equip(random: Chance, kind: SimulatedKind): Equipment {
  const { manufacturer, model, serial } = pick(random, models[kind])
  return {
    kind,
    manufacturer,
    model,
    serial: `${serial}${randomInt(random, 16 ** 6)
      .toString(16)
      .toUpperCase()
      .padStart(6, '0')}`,
    appVersion: pick(random, apps),
    os: pick(random, kind === 'windows' ? systems : androids),
    display: pick(random, displays),
    console: `${manufacturer} console, 1920×1200`,
    microphone: pick(random, audio),
    speaker: pick(random, speakers),
    camera: kind === 'videoBar' ? `${manufacturer} ${model}` : pick(random, cameras),
    secondDisplay: random() < 0.4 ? pick(random, displays) : undefined,
    hdmiIngest: random() < 0.8,
    proximity: random() < 0.6,
  }
}
