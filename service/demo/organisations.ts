import type { BuiltInRole } from '../../contract/permissions.ts'

/** The organisations of the demo: two customers, the partner that works for both, and one that nobody has invited yet. */

export interface DemoPersonEntry {
  readonly email: string
  readonly name: string
  /** The built-in role that they are assigned to by name, in their own organisation. */
  readonly role: Exclude<BuiltInRole, 'primaryAdmin'> | null
  readonly globalAdministrator: boolean
}

export interface DemoOrganisation {
  readonly name: string
  readonly domain: string
  readonly people: readonly DemoPersonEntry[]
  /** Security groups of its directory, with the people and the groups (by name) in them. */
  readonly securityGroups: readonly {
    readonly name: string
    readonly description: string
    readonly people: readonly string[]
    readonly groups: readonly string[]
  }[]
  /** Groups of rooms, each by its building. */
  readonly roomGroups: readonly { readonly name: string; readonly building: string }[]
  /** Assignments beside that of the Pro Managers: members by e-mail address or security group, rooms by group. */
  readonly assignments: readonly {
    readonly name: string
    readonly role: 'siteLead' | 'siteTech'
    readonly members: readonly string[]
    readonly roomGroup: string
  }[]
  /** Partners that accepted: the domain, the group of rooms (none: all), who is primary admin. */
  readonly partners: readonly {
    readonly domain: string
    readonly roomGroup: string | null
    readonly admins: readonly string[]
    readonly approveRings: boolean
  }[]
}

export const organisations: readonly DemoOrganisation[] = [
  {
    name: 'Fabrikam Managed Rooms',
    domain: 'fabrikam.example',
    people: [
      { email: 'farid.haddad@fabrikam.example', name: 'Farid Haddad', role: 'proManager', globalAdministrator: true },
      { email: 'tess.moreau@fabrikam.example', name: 'Tess Moreau', role: null, globalAdministrator: false },
    ],
    securityGroups: [
      { name: 'Fabrikam operations', description: 'Operators on duty', people: ['tess.moreau@fabrikam.example'], groups: [] },
    ],
    roomGroups: [],
    assignments: [],
    partners: [],
  },
  {
    name: 'Litware Services',
    domain: 'litware.example',
    people: [{ email: 'luca.bianchi@litware.example', name: 'Luca Bianchi', role: 'proManager', globalAdministrator: true }],
    securityGroups: [],
    roomGroups: [],
    assignments: [],
    partners: [],
  },
  {
    name: 'Contoso',
    domain: 'contoso.example',
    people: [
      { email: 'amelie.laurent@contoso.example', name: 'Amélie Laurent', role: 'proManager', globalAdministrator: true },
      { email: 'clara.nguyen@contoso.example', name: 'Clara Nguyen', role: null, globalAdministrator: false },
      { email: 'david.okafor@contoso.example', name: 'David Okafor', role: null, globalAdministrator: false },
      { email: 'emma.rossi@contoso.example', name: 'Emma Rossi', role: null, globalAdministrator: false },
    ],
    securityGroups: [
      { name: 'Montréal technicians', description: '', people: ['david.okafor@contoso.example'], groups: [] },
      { name: 'Field technicians', description: 'Everyone who works in the rooms', people: [], groups: ['Montréal technicians'] },
      {
        name: 'Remote support',
        description: 'May be given remote access',
        people: ['clara.nguyen@contoso.example', 'emma.rossi@contoso.example'],
        groups: [],
      },
    ],
    roomGroups: [
      { name: 'Lyon', building: 'Lyon – Confluence' },
      { name: 'Montréal', building: 'Montréal – Place Ville' },
      { name: 'London', building: 'London – Bishopsgate' },
    ],
    assignments: [
      { name: 'Site leads', role: 'siteLead', members: ['clara.nguyen@contoso.example'], roomGroup: 'Lyon' },
      { name: 'Site technicians', role: 'siteTech', members: ['Field technicians'], roomGroup: 'Montréal' },
    ],
    partners: [
      {
        domain: 'fabrikam.example',
        roomGroup: 'London',
        admins: ['farid.haddad@fabrikam.example', 'Fabrikam operations'],
        approveRings: true,
      },
    ],
  },
  {
    name: 'Northwind',
    domain: 'northwind.example',
    people: [{ email: 'nadia.petrov@northwind.example', name: 'Nadia Petrov', role: 'proManager', globalAdministrator: true }],
    securityGroups: [],
    roomGroups: [],
    assignments: [],
    partners: [
      {
        domain: 'fabrikam.example',
        roomGroup: null,
        admins: ['farid.haddad@fabrikam.example', 'Fabrikam operations'],
        approveRings: false,
      },
    ],
  },
]
