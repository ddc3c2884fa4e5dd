import type { Evidence, Invariant } from "./judge.ts";
import {
  loginsLeaveInTime,
  loginIsCurrent,
  revocationsGiveWay,
  revokesInTime,
  revokesOnlyWhatIsOver,
} from "./revocation-invariants.ts";
import { monotoneRow, noFalseDeath, noForgottenToken, noStepBack } from "./row-invariants.ts";
import {
  atMostOnceUnlessLost,
  exclusion,
  holdsItsLock,
  noRevocationWithinLeeway,
  noSelfInflictedRevocation,
  nothingAfterAnEnd,
  sendsInTime,
  sendsTheStoredToken,
} from "./send-invariants.ts";
import { backOffIsShared, refusalsEnd, refusedIsNotAsked } from "./refusal-invariants.ts";
import {
  responsesDoNotCross,
  liveness,
  noTokenInMessages,
  transactionsEnd,
} from "./tab-invariants.ts";

import {
  claimsBeforeStoring,
  everyIdTokenIsValidated,
  signatureBeforeGiving,
  validationsDoNotCross,
} from "./verdict-invariants.ts";
import { pagesContinue, portsAreSafe } from "./worker-invariants.ts";

const INVARIANTS: Readonly<Record<string, Invariant>> = {
  I1: atMostOnceUnlessLost,
  "I1 token": sendsTheStoredToken,
  "I1 lock": holdsItsLock,
  "I1 permit": sendsInTime,
  I2: exclusion,
  I3: monotoneRow,
  I4: noStepBack,
  I5: noSelfInflictedRevocation,
  I5b: noRevocationWithinLeeway,
  I6: liveness,
  I7: noFalseDeath,
  I8: noForgottenToken,
  I9: noTokenInMessages,
  ports: portsAreSafe,
  "worker deaths": pagesContinue,
  I10: transactionsEnd,
  I11: nothingAfterAnEnd,
  I12: responsesDoNotCross,
  I13: loginIsCurrent,
  "I13 revocation": revokesOnlyWhatIsOver,
  "I13 permit": revokesInTime,
  "I13 wait": loginsLeaveInTime,
  "I13 gives way": revocationsGiveWay,
  claims: claimsBeforeStoring,
  signatures: signatureBeforeGiving,
  refusals: refusedIsNotAsked,
  "refusals end": refusalsEnd,
  "back-off": backOffIsShared,
  validations: validationsDoNotCross,
  "validations kept": everyIdTokenIsValidated,
};

/** The names of all invariants, as mutants list them. */
export const INVARIANT_NAMES: readonly string[] = Object.keys(INVARIANTS);

/** An invariant that a run violates. */
export interface Violation {
  readonly invariant: string;
  /** A description of the first violation. */
  readonly what: string;
}

/** Checks all invariants on a finished run. */
export function violations(evidence: Evidence): Violation[] {
  return Object.entries(INVARIANTS).flatMap(([invariant, check]) => {
    const what = check(evidence);
    return what === undefined ? [] : [{ invariant, what }];
  });
}
