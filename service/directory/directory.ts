import type { Member } from '../../contract/policy.ts'

/** The directory role template that Entra puts into `wids` for a Global Administrator. */
export const globalAdministratorRole = '62e90394-69f5-4237-9190-012177145e10'

/** Someone who has an account and may sign in, or a security group, as a directory knows them. `email` is empty where there is none. */
export interface DirectoryPrincipal {
  readonly kind: Member['kind']
  /** The directory's object id. */
  readonly id: string
  readonly name: string
  readonly email: string
}

export interface DirectoryPerson extends DirectoryPrincipal {
  readonly kind: 'person'
}

export interface DirectoryMatches {
  readonly items: readonly DirectoryPrincipal[]
  /** There are more than were asked for. */
  readonly more: boolean
}

/** The people of a security group, at any depth. `more`: it has more than limits.peoplePerSecurityGroup. */
export interface DirectoryMembers {
  readonly people: readonly DirectoryPerson[]
  readonly more: boolean
}

/**
 * Where an organisation keeps its people and security groups: the embedded directory, or Microsoft Graph. The first
 * parameter is always the directory tenant (`tid`). Every call ends within a bounded time.
 * Errors of all of them: directory.unavailable, where it cannot be reached or does not want to answer.
 */
export interface DirectoryReader {
  /** People and security groups whose name or e-mail has a word that begins with `text`; empty text gives the first of all. */
  search(directory: string, text: string, kind: Member['kind'] | undefined, limit: number): Promise<DirectoryMatches>
  /**
   * People and security groups by their object ids; those that the directory does not know (any more), and disabled accounts, are absent.
   */
  principals(directory: string, ids: readonly string[]): Promise<readonly DirectoryPrincipal[]>
  /** @throws RoomkeeperError directory.notFound where there is no such group (any more) */
  membersOf(directory: string, group: string): Promise<DirectoryMembers>
  /** The security groups that a person is in, at any depth, sorted. @throws RoomkeeperError directory.notFound */
  groupsOf(directory: string, objectId: string): Promise<readonly string[]>
  /** Domain names that the organisation has proved to be its own, lower case. @throws RoomkeeperError directory.notFound */
  domainsOf(directory: string): Promise<readonly string[]>
}
