const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** Limits of notifications (INC-6), part of `limits`. */
export const notifyLimits = {
  /** Rules of one person, rules and endpoints of a tenant. More: refused as `notifications.tooMany`. */
  rulesOfPerson: 20,
  rulesOfTenant: 100,
  endpointsOfTenant: 20,
  /** Groups, addresses and endpoints that one rule names. More: refused as malformed. */
  namedInNotifyRule: 50,
  /** How long something waits before it is told, so that what is over by then, or part of something larger, is not told by itself. */
  notifyWaitMs: 20_000,
  /** Pauses after each failed try of a delivery. After the last one it has failed for good. */
  deliveryRetriesMs: [5_000, 5 * minuteMs, 30 * minuteMs, 2 * hourMs, 5 * hourMs, 10 * hourMs, 10 * hourMs],
  /** An endpoint that has failed for this long, without one success, is switched off, and says so. */
  endpointFailingMs: 5 * 24 * hourMs,
  /** Deliveries that are taken up together; more follow at once. Lines in one e-mail; more are counted in it. */
  deliveriesTogether: 200,
  linesPerMail: 50,
  /** What happened longer ago than this, while the service was away, is told nobody. */
  tellableMs: 7 * 24 * hourMs,
  /** Notices of one person that are kept; of more, the oldest go. */
  noticesOfPerson: 200,
  /** Notices of one person in one hour that are shown by themselves on the desktop. More: in the list alone. */
  desktopPerHour: 60,
  /** One delivery to an endpoint, and what its answer may have in bytes. Longer, larger: it has failed. */
  endpointMs: 15_000,
  endpointAnswerBytes: 64 * 1024,
  /** One e-mail, from the connection to the last answer. Longer: it has failed. */
  mailMs: 60_000,
  /** What an endpoint or a mail server said is kept so far, in characters. */
  deliverySaidChars: 300,
  /** Entries that a rule is tried on, and lines of the answer. More: the newest. */
  triedEntries: 20_000,
  triedLines: 200,
} as const
