import type { DirectoryReader } from '../directory/directory.ts'
import type { GroundDeps } from '../ground/deps.ts'
import type { AccessService } from './service.ts'

/** What parts are given that ask who somebody is and what they may do. */
export interface AccessDeps extends GroundDeps {
  readonly access: AccessService
  /** People and security groups of the organisations, by their directory tenant. */
  readonly directory: DirectoryReader
}
