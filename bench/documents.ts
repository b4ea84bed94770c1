import { rowText } from '../service/feed/rows.ts'
import { sizesOf43 } from '../service/testing/feed/sizes.ts'
import { IncidentRig } from '../service/testing/incidents/rig.ts'
import type { Bench } from './bench.ts'

/** Bytes beside the room that a console is told when a signal goes bad in it for the first time: its incident, and the first entry. */
async function incidentBytes(): Promise<number> {
  const rig = await IncidentRig.open(1_796_000_000_000)
  try {
    const room = await rig.room()
    await rig.report(room, { 'peripherals.camera': 'healthy' })
    const before = await rig.read().lastSeq()
    await rig.report(room, { 'peripherals.camera': 'unhealthy' })
    const rows = await rig.read().changesAfter(before, 10)
    return rows.filter(({ kind }) => kind !== 'room').reduce((sum, row) => sum + Buffer.byteLength(`,${rowText(row)}`), 0)
  } finally {
    await rig.close()
  }
}

export const documents: Bench = {
  name: 'documents',
  what: 'bytes of a healthy room of 43 signals, and of the frame of the feed (uncompressed, as it is sent) that tells that one changed',
  peers: [],
  run: async () => {
    const { documentBytes, wireBytes } = sizesOf43()
    return [
      { name: 'room.documentBytes', what: "the room's own document", value: documentBytes, unit: 'bytes', aim: '1,500' },
      { name: 'change.wireBytes', what: 'a frame for one signal that changed', value: wireBytes, unit: 'bytes', aim: '600' },
      {
        name: 'change.openingWireBytes',
        what: 'the same with the incident that it opens, and its first entry',
        value: wireBytes + (await incidentBytes()),
        unit: 'bytes',
      },
    ]
  },
}
