import { RoomkeeperError } from '../../contract/errors.ts'
import type { DirectoryReader } from './directory.ts'

const unconfigured = async (): Promise<never> => {
  throw new RoomkeeperError('directory.unavailable', {
    detail: 'No directory is configured. Who is in which group is known from sign-ins only.',
  })
}

/** Stands in where there is an issuer without a directory that may be read. */
export const noDirectory: DirectoryReader = {
  search: unconfigured,
  principals: unconfigured,
  membersOf: unconfigured,
  groupsOf: unconfigured,
  domainsOf: unconfigured,
}
