import { useI18n } from 'vue-i18n'
import type { Match } from '../../contract/views.ts'

/** Why a search lists this, in a few words: "Serial number: SN-4711". Undefined where the row shows it. */
export function useMatch(): (row: { match?: Match | undefined }) => string | undefined {
  const { t } = useI18n()
  return ({ match }) => match && t('match.because', { field: t(`match.${match.field}`), text: match.text })
}
