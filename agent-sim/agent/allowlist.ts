import { z } from 'zod'

/** A host that a device must be able to reach where outgoing traffic is filtered (ENR-2). */
export const AllowedHost = z.object({
  host: z.string().min(1).max(253),
  for: z.array(z.enum(['enrolment', 'remoteAccess'])).min(1),
  region: z.string().max(64).optional(),
})
export type AllowedHost = z.infer<typeof AllowedHost>

/** The list of a deployment, as a file of its own gives it. Port 443 unless it says otherwise. */
export const Allowlist = z.object({
  port: z.int().min(1).max(65_535).default(443),
  hosts: z.array(AllowedHost).max(1_000),
})
export type Allowlist = z.infer<typeof Allowlist>

const both: AllowedHost['for'] = ['enrolment', 'remoteAccess']
const enrolment: AllowedHost['for'] = ['enrolment']
const remoteAccess: AllowedHost['for'] = ['remoteAccess']

/** The hosts of the profile that Microsoft hosts. Another deployment brings its own list. */
export const microsoftAllowlist: Allowlist = {
  port: 443,
  hosts: [
    { host: 'agent.rooms.microsoft.com', for: both },
    { host: 'global.azure-devices-provisioning.net', for: enrolment },
    { host: 'gj3ftstorage.blob.core.windows.net', for: enrolment },
    { host: 'mmrstgnoamiot.azure-devices.net', for: both },
    { host: 'mmrstgnoamstor.blob.core.windows.net', for: both },
    { host: 'mmrprodapaciot.azure-devices.net', for: both, region: 'apac' },
    { host: 'mmrprodapacstor.blob.core.windows.net', for: both, region: 'apac' },
    { host: 'mmrprodemeaiot.azure-devices.net', for: both, region: 'emea' },
    { host: 'mmrprodemeastor.blob.core.windows.net', for: both, region: 'emea' },
    { host: 'mmrprodnoamiot.azure-devices.net', for: both, region: 'noam' },
    { host: 'mmrprodnoamstor.blob.core.windows.net', for: both, region: 'noam' },
    { host: 'mmrprodnoampubsub.webpubsub.azure.com', for: remoteAccess, region: 'noam' },
    { host: 'mmrprodemeapubsub.webpubsub.azure.com', for: remoteAccess, region: 'emea' },
    { host: 'mmrprodapacpubsub.webpubsub.azure.com', for: remoteAccess, region: 'apac' },
  ],
}
