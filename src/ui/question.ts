/** A question to the user. The question ends once: with the user's response, without a response, or with an error. */
export interface Question<T> {
  readonly response: Promise<T>;
  settle(response: T): void;
  /** Ends the question without a response of the user. */
  readonly drop: () => void;
  /** Ends the question with an error, for example when an element cannot be rendered. */
  readonly fail: (error: unknown) => void;
}

/** Options of `question()`. */
export interface QuestionOptions<T> {
  /** When the signal aborts, the question ends without a response of the user. */
  readonly signal: AbortSignal;
  /** If the question ends without a response of the user, the promise `response` resolves to this value. */
  readonly withoutResponse: T;
  /** Called once when the question ends, to hide the question. After this call, the promise `response` settles. */
  readonly onEnd: () => void;
}

/** Creates a pending question. */
export function question<T>({ signal, withoutResponse, onEnd }: QuestionOptions<T>): Question<T> {
  let isEnded = false;
  let resolveResponse: (response: T) => void;
  let rejectResponse: (error: unknown) => void;
  const response = new Promise<T>((resolve, reject) => {
    resolveResponse = resolve;
    rejectResponse = reject;
  });
  const end = (settleResponse: () => void) => {
    if (isEnded) return;
    isEnded = true;
    signal.removeEventListener("abort", drop);
    onEnd();
    settleResponse();
  };
  const drop = () => end(() => resolveResponse(withoutResponse));
  signal.addEventListener("abort", drop);
  return {
    response,
    settle: (given) => end(() => resolveResponse(given)),
    drop,
    fail: (error) => end(() => rejectResponse(error)),
  };
}
