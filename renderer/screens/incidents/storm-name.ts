import { useI18n } from 'vue-i18n'
import type { Storm } from '../../../contract/storms.ts'

/** What the rooms of a storm have in common, in words: "building Paris – La Défense", "app version 5.4". */
export function useStormName(): (storm: Storm) => string {
  const { t } = useI18n()
  return ({ cause, value }) => t(`storm.cause.${cause}`, { value: cause === 'service' ? t(`signalInside.${value}`) : value })
}
