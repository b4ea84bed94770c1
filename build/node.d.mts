/** What of a process says which machine this is. */
interface Machine {
  readonly platform: NodeJS.Platform
  readonly arch: string
  readonly versions: { readonly node: string }
  readonly execPath: string
}
export declare const ownMajor: number
export declare function projectNode(root: string, machine?: Machine): string | undefined
