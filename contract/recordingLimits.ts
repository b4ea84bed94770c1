/** Limits of the recordings of remote sessions. Part of `limits`, in the same units. */
export const recordingLimits = {
  /** One chunk of a recording: packed and unpacked bytes at most. Larger: refused. */
  recordingChunkBytes: 2 * 1024 * 1024,
  recordingUnpackedBytes: 16 * 1024 * 1024,
  /** One line of a chunk: bytes, and the marks of JSON between values (`,` `:` `[` `{`). A picture of a thousand parts has 11,000. */
  recordingLineBytes: 4 * 1024 * 1024,
  recordingLineMarks: 16_000,
  /** Chunks of one recording that come in at the same time. More: the oldest is cut off. */
  recordingChunksComing: 2,
  /** Chunks of one recording, and bytes of all of them. More: the session ends. */
  recordingChunks: 10_000,
  recordingBytes: 512 * 1024 * 1024,
  /** How long after its session's end a recording may still be uploaded. */
  recordingLateMs: 10 * 60_000,
  /**
   * Chunks that wait to be looked through, of all tenants and of one, and as many of one that are read. More: `recording.busy`, and the
   * device sends them again. A tenant of which none waits has a place all the same.
   */
  recordingChunksWaiting: 64,
  recordingChunksWaitingOfTenant: 16,
  /** Chunks of one recording that were refused once they were looked through. Then nothing more of it is taken. */
  recordingRefusals: 5,
  /** Looking through one chunk. Longer: its thread is ended, and the chunk is refused as `recording.tooLarge`. */
  recordingCheckMs: 15_000,
  /** Terminal events of one recording, in bytes, unpacked. More: only the first. */
  recordingTerminalBytes: 64 * 1024 * 1024,
  /** Opening a recording again within this time leaves no other audit record. */
  recordingOpenedMs: 3_600_000,
  /** A chunk is sent after this time, or earlier when it is full. */
  recordingChunkMs: 5_000,
  /** How often a recorder looks at a screen. */
  recordingEveryMs: 500,
  /** Bytes of a recording that the service has not taken. More: the session ends with `recordingFailed`. */
  recordingWaitingBytes: 16 * 1024 * 1024,
  /** Lines found in one recording. More: only the first. */
  recordingHits: 500,
} as const
