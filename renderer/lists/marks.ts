import type { Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { limits } from '../../contract/limits.ts'
import { useToasts } from '../stores/toasts.ts'
import { useFormat } from '../words/format.ts'
import type { Selection } from './selection.ts'

/** Rows as the core answers for them: how many there are, and the first of them. */
interface Picked<Row> {
  readonly total: number
  readonly rows: readonly Row[]
}

/** Asks the core for rows to be marked, as they are now. A part of them where they are too many is said, and so is a failure. */
export function usePick(failed: string) {
  const toasts = useToasts()
  const { t } = useI18n()
  const { number } = useFormat()
  return async <Row>(ask: () => Promise<Picked<Row>>): Promise<readonly Row[]> => {
    try {
      const { total, rows } = await ask()
      if (total > rows.length) toasts.say(t('list.chosenFirst', { n: number(rows.length), all: number(total) }, total))
      return rows
    } catch (error) {
      toasts.problem(t(failed), error)
      return []
    }
  }
}

/** Marks all that is asked for, or unmarks it where all of it is marked; `marked` is what is, `of` how many there are. */
export async function markOrUnmark<Row>(
  selection: Selection<Row>,
  marked: readonly Row[],
  of: number,
  ask: () => Promise<readonly Row[]>,
): Promise<void> {
  if (marked.length > 0 && marked.length >= Math.min(of, limits.pickedRows)) selection.remove(marked)
  else await selection.ask(ask())
}

/** The keys that mark rows: the cursor's, a range up to it, all. */
export function markKeys<Row>(
  selection: Selection<Row>,
  cursor: Readonly<Ref<string | null>>,
  list: { indexOf(key: string): number },
  all: () => unknown,
): Record<string, () => void> {
  const toggle = (range: boolean) => (): void => {
    if (cursor.value !== null) void selection.toggle(list.indexOf(cursor.value), range)
  }
  return { x: toggle(false), 'shift+x': toggle(true), 'shift+a': () => void all() }
}
