import type { NotifyEvent, NotifyLanguage, RuleOrigin } from '../../../contract/notifications.ts'

/** What e-mail says, in the reader's language. In texts, `{…}` stands for what is said of. */
export interface MailWords {
  readonly events: Readonly<Record<NotifyEvent, string>>
  readonly severities: Readonly<Record<string, string>>
  /** Of several things, in the subject. */
  readonly several: string
  readonly since: string
  readonly by: string
  readonly reads: Readonly<Record<RuleOrigin, string>>
  readonly more: string
  readonly system: string
}

const en: MailWords = {
  events: {
    opened: '#{n} needs action',
    raised: '#{n} became important',
    resolved: '#{n} is resolved',
    assigned: '#{n} was assigned to you',
    mentioned: 'You are mentioned in #{n}',
    closed: '#{n}, which you reported, was closed',
  },
  severities: { critical: 'Critical', important: 'Important', warning: 'Warning', recommended: 'Recommended' },
  several: '{n} notifications',
  since: 'since {time}',
  by: 'by {name}',
  reads: {
    product: 'You read this because it is about you.',
    assignment: 'You read this because the assignment “{name}” has e-mail on.',
    person: 'You read this because of your rule “{name}”.',
    tenant: 'This was sent because of the rule “{name}”.',
  },
  more: 'And {n} more.',
  system: 'the system',
}

const fr: MailWords = {
  events: {
    opened: '#{n} demande une action',
    raised: '#{n} est devenu important',
    resolved: '#{n} est résolu',
    assigned: '#{n} vous a été affecté',
    mentioned: 'Vous êtes mentionné dans #{n}',
    closed: '#{n}, que vous aviez signalé, a été clos',
  },
  severities: { critical: 'Critique', important: 'Important', warning: 'Avertissement', recommended: 'Recommandé' },
  several: '{n} notifications',
  since: 'depuis le {time}',
  by: 'par {name}',
  reads: {
    product: 'Vous recevez ce message parce qu’il vous concerne.',
    assignment: 'Vous recevez ce message parce que l’e-mail est activé pour l’affectation « {name} ».',
    person: 'Vous recevez ce message en raison de votre règle « {name} ».',
    tenant: 'Ce message a été envoyé en raison de la règle « {name} ».',
  },
  more: 'Et {n} de plus.',
  system: 'le système',
}

export const mailWords: Readonly<Record<NotifyLanguage, MailWords>> = { en, fr }

/** Fills what stands in braces; what is filled in is not looked at again. */
export const filled = (text: string, values: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/gu, (whole, name: string) => String(values[name] ?? whole))
