import { useI18n } from 'vue-i18n'
import { ChangeKind } from '../../../contract/entities.ts'
import type { ChangeControl } from '../../../contract/policy.ts'
import { useFormat } from '../../words/format.ts'

/** Partner links in words. */
export function usePartnerWords() {
  const { t } = useI18n({ useScope: 'global' })
  const { list } = useFormat()
  const inside = (kinds: ChangeKind[]): string => list(kinds.map((kind) => t(`partners.kindInside.${kind}`)))
  /** "Everything at once", or what waits for approval. */
  function controlWords(control: ChangeControl): string {
    const manual = ChangeKind.options.filter((kind) => control[kind] === 'manual')
    if (manual.length === 0) return t('partners.controlNone')
    return manual.length === ChangeKind.options.length ? t('partners.controlAll') : t('partners.controlSome', { kinds: inside(manual) })
  }
  /** The same for a column. */
  function controlShort(control: ChangeControl): string {
    const manual = ChangeKind.options.filter((kind) => control[kind] === 'manual')
    if (manual.length === 0) return t('partners.shortNone')
    return manual.length === ChangeKind.options.length ? t('partners.shortAll') : t('partners.shortSome', { kinds: inside(manual) })
  }
  return { controlWords, controlShort }
}
