import type { IncidentGroup, IncidentPick } from '../../contract/views.ts'

/** The value of the group that an incident is in, as the core counts them; '' in a list without groups. */
export function groupValueOf(row: Pick<IncidentPick, 'place' | 'signal' | 'tenant'>, group: IncidentGroup): string {
  switch (group) {
    case 'none':
      return ''
    case 'customer':
      return row.tenant?.id ?? ''
    case 'building':
      return row.place.building
    case 'signal':
      return row.signal
  }
}
