declare module 'bufferutil' {
  /** XORs the bytes in place with the four bytes of the mask, repeated from its first one. */
  export function unmask(bytes: Buffer, mask: Buffer): void
}
