/** Made at build (`build/notices.ts`): everything of others that is shipped, with its licence. */
declare module 'virtual:notices' {
  const notices: readonly { readonly name: string; readonly version: string; readonly licence: string; readonly text: string }[]
  export default notices
}
