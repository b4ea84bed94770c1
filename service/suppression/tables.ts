import type { RoomId, SuppressionId, TenantId } from '../../contract/ids.ts'

declare module '../ground/store/tables.ts' {
  interface Tables {
    suppression: SuppressionTable
    suppressionRoom: SuppressionRoomTable
  }
}

/** A suppression or maintenance window (ROM-3). */
export interface SuppressionTable {
  tenant: TenantId
  id: SuppressionId
  /** What was said of it (said.ts), as JSON. */
  body: string
  /** When something of it is due: it begins or ends somewhere, or nobody has confirmed it; null once it has ended. */
  nextAt: number | null
  /** It has no end: when it is asked about. */
  confirmBy: number | null
  endedAt: number | null
  /** Who ended it, as JSON (PersonRef); null: its time was over. */
  endedBy: string | null
}

/** A room that it is over. */
export interface SuppressionRoomTable {
  tenant: TenantId
  suppression: SuppressionId
  room: RoomId
  /** How the room comes to it: it is named, in a group of it, or at its place. */
  through: 'named' | 'group' | 'place'
  /** 1: somebody ended it in this room. */
  left: number
  /** It suppresses the room since, and until then, as the room's document says; null: it does not now, or until somebody ends it. */
  activeFrom: number | null
  activeUntil: number | null
}
