import { useI18n } from 'vue-i18n'
import type { GroupRule } from '../../../contract/policy.ts'

export type Condition = GroupRule['conditions'][number]
export const ruleFields = ['name', 'country', 'city', 'building', 'floor'] as const satisfies readonly Condition['field'][]
export const ruleTests = ['equal', 'notEqual', 'contains', 'startsWith'] as const satisfies readonly Condition['is'][]

/** Rules in words: "city is Lyon and name starts with Board". */
export function useRuleWords() {
  const { t } = useI18n({ useScope: 'global' })
  const conditionText = ({ field, is, value }: Condition): string => t(`groups.says.${is}`, { field: t(`groups.field.${field}`), value })
  const ruleText = ({ match, conditions }: GroupRule): string =>
    conditions.map(conditionText).join(match === 'all' ? t('groups.and') : t('groups.or'))
  return { ruleText }
}
