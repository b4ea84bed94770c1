import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { limits } from '../../../contract/limits.ts'
import { RoomSort, RoomState } from '../../../contract/views.ts'

export type RoomsView = 'list' | 'tiles'

/** The question of the rooms screen, kept in the address so that it can be shared and gone back to. */
export function useRoomQuery() {
  const route = useRoute()
  const router = useRouter()

  const one = (name: string): string => {
    const value = route.query[name]
    return typeof value === 'string' ? value : ''
  }
  const search = computed(() => one('search').slice(0, 200))
  const building = computed(() => one('building').slice(0, limits.nameChars))
  const states = computed(() => RoomState.array().catch([]).parse(one('states').split(',').filter(Boolean)))
  const view = computed((): RoomsView => (one('view') === 'tiles' ? 'tiles' : 'list'))
  const sort = computed(() => RoomSort.catch('state').parse(one('sort')))
  const descending = computed(() => one('order') === 'down')

  /** Ready for `rooms.list`, without the page. Compared by value, so that an unrelated change of address asks nothing. */
  const asText = computed(() =>
    JSON.stringify({
      filter: {
        ...(search.value ? { search: search.value } : {}),
        ...(states.value.length > 0 ? { states: states.value } : {}),
        ...(building.value ? { buildings: [building.value] } : {}),
      },
      sort: sort.value,
      descending: descending.value,
    }),
  )
  const question = computed(
    () =>
      JSON.parse(asText.value) as {
        filter: { search?: string; states?: RoomState[]; buildings?: string[] }
        sort: RoomSort
        descending: boolean
      },
  )

  function set(change: {
    search?: string
    building?: string
    states?: readonly RoomState[]
    sort?: RoomSort
    descending?: boolean
    view?: RoomsView
  }): void {
    const next = {
      search: change.search ?? search.value,
      building: change.building ?? building.value,
      states: (change.states ?? states.value).join(','),
      view: (change.view ?? view.value) === 'tiles' ? 'tiles' : '',
      sort: change.sort ?? sort.value,
      order: (change.descending ?? descending.value) ? 'down' : '',
    }
    const query = Object.fromEntries(
      Object.entries(next).filter(([name, value]) => value !== '' && !(name === 'sort' && value === 'state')),
    )
    if (route.name === 'rooms') void router.replace({ query })
  }
  const sortBy = (wanted: RoomSort): void => set({ sort: wanted, descending: wanted === sort.value ? !descending.value : false })

  return { search, building, states, view, sort, descending, question, set, sortBy }
}
