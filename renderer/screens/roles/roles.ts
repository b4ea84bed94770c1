import { useI18n } from 'vue-i18n'
import type { PolicyCommand } from '../../../contract/commands.ts'
import type { LinkId } from '../../../contract/ids.ts'
import { BuiltInRole, builtInRoles } from '../../../contract/permissions.ts'
import type { AssignmentView, Principal, Role } from '../../../contract/policyApi.ts'
import { namedScope, type NamedScope, scopeToSend } from '../../parts/pickers/scope.ts'
import { useConsole } from '../../stores/console.ts'
import { plain, useAccessWords } from '../../words/access.ts'
import { useFormat } from '../../words/format.ts'

export interface AssignmentDraft {
  name: string
  description: string
  notify: boolean
  members: Principal[]
  scope: NamedScope
}

export const draftOf = (view: AssignmentView): AssignmentDraft => ({
  name: view.name,
  description: view.description,
  notify: view.notify,
  members: [...view.members],
  scope: namedScope(view),
})

/** The parts of an assignment as commands want them. */
export const assignmentToSend = ({ name, description, notify, members, scope }: AssignmentDraft) => ({
  name,
  description,
  notify,
  members: members.map(({ kind, id }) => ({ kind, id })),
  scope: scopeToSend(scope),
})

export const saveAssignment = (view: Pick<AssignmentView, 'id' | 'role'>, draft: AssignmentDraft): PolicyCommand => ({
  type: 'assignment.save',
  assignment: view.id,
  role: view.role,
  ...assignmentToSend(draft),
})

/** Roles and their assignments in words. */
export function useRoleWords() {
  const { t, te } = useI18n({ useScope: 'global' })
  const { roleName } = useAccessWords()
  const { number, list } = useFormat()

  /** Built-in roles are described here, in both languages. */
  const roleText = (role: Role): string => (te(`roles.about.${role.id}`) ? t(`roles.about.${role.id}`) : role.description)

  /** Every name it has or had, in both languages: the documents of people are older than the product. */
  const finds = (role: Role, wanted: string): boolean => {
    const builtIn = BuiltInRole.safeParse(role.id)
    const names = builtIn.success
      ? [builtInRoles[builtIn.data].en, builtInRoles[builtIn.data].fr, ...builtInRoles[builtIn.data].formerly]
      : []
    return [role.name, roleText(role), ...names, ...role.formerly].some((text) => plain(text).includes(plain(wanted)))
  }
  /** The former name that a search found a role by; undefined where its present one says it. */
  const foundBy = (role: Role, wanted: string): string | undefined =>
    plain(wanted) === '' || plain(roleName(role)).includes(plain(wanted))
      ? undefined
      : role.formerly.find((name) => plain(name).includes(plain(wanted)))

  /** "Lea Martin and 2 security groups". */
  function membersText(members: readonly Principal[], named = 3): string {
    const people = members.filter(({ kind }) => kind === 'person')
    const groups = members.filter(({ kind }) => kind === 'group')
    const names = (of: readonly Principal[], more: string): string[] =>
      of.length <= named ? of.map((one) => one.name || one.id) : [t(more, { n: number(of.length) }, of.length)]
    const said = [...names(people, 'assignments.users'), ...names(groups, 'assignments.groups')]
    return said.length > 0 ? list(said) : t('assignments.nobody')
  }
  /** "all rooms", "12 rooms and the room group Lyon". */
  function scopeText(scope: NamedScope, named = 3): string {
    if (scope.all) return t('assignments.allRooms')
    const rooms =
      scope.rooms.length === 0
        ? []
        : scope.rooms.length <= named
          ? scope.rooms.map(({ name }) => name)
          : [t('effect.rooms', { n: number(scope.rooms.length) }, scope.rooms.length)]
    const groups =
      scope.groups.length === 0
        ? []
        : scope.groups.length <= named
          ? scope.groups.map(({ name }) => t('assignments.roomGroup', { name }))
          : [t('assignments.roomGroups', { n: number(scope.groups.length) }, scope.groups.length)]
    const said = [...rooms, ...groups]
    return said.length > 0 ? list(said) : t('assignments.noRooms')
  }
  /** "Assigned admins" in the chosen language, and the names that people gave. */
  const assignmentName = (view: { builtIn: boolean; name: string }): string => (view.builtIn ? t('roles.assignedAdmins') : view.name)

  return { roleName, roleText, finds, foundBy, membersText, scopeText, assignmentName }
}

/**
 * What of an assignment the operator may change. Of a partner's, the customer changes only the scope of Assigned admins
 * (PAR-4); of "Assigned admins" the partner changes only the members.
 */
export function useMayEdit() {
  const core = useConsole()
  const partner = (): LinkId | undefined => core.me?.access.link
  /** A role or assignment of the side that the operator is on. */
  const mine = (link: LinkId | null): boolean => (partner() ?? null) === link
  const parts = (view: {
    link: LinkId | null
    builtIn: boolean
  }): { general: boolean; members: boolean; scope: boolean; delete: boolean } => {
    const may = core.may('roles.modify')
    if (view.builtIn)
      return { general: false, members: may && partner() !== undefined, scope: may && partner() === undefined, delete: false }
    const own = may && mine(view.link)
    return { general: own, members: own, scope: own, delete: own }
  }
  return { mine, parts, partner }
}
