import { pick, randomInt, type Chance } from '../random.ts'

/** A room device as it is sold, with the parts that usually stand around it. */
export interface Equipment {
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

/** Plausible equipment of one room. The same random numbers give the same room. */
export function equip(random: Chance): Equipment {
  const { manufacturer, model, serial } = pick(random, consoles)
  return {
    manufacturer,
    model,
    serial: `${serial}${randomInt(random, 16 ** 6)
      .toString(16)
      .toUpperCase()
      .padStart(6, '0')}`,
    appVersion: pick(random, apps),
    os: pick(random, systems),
    display: pick(random, displays),
    console: `${manufacturer} console, 1920×1200`,
    microphone: pick(random, audio),
    speaker: pick(random, speakers),
    camera: pick(random, cameras),
    secondDisplay: random() < 0.4 ? pick(random, displays) : undefined,
    hdmiIngest: random() < 0.8,
    proximity: random() < 0.6,
  }
}
