/** A question that is answered once: by the person, or when nobody waits any more. */
export interface Question<RefreshResult> {
  readonly response: Promise<RefreshResult>;
  settle(response: RefreshResult): void;
  /** Unanswered. */
  readonly drop: () => void;
  fail(error: unknown): void;
}

export interface QuestionOptions<RefreshResult> {
  readonly signal: AbortSignal;
  /** What it means when the person says nothing. */
  readonly withoutResponse: RefreshResult;
  /** Hides what is shown. Called once, however it ends. */
  readonly onEnd: () => void;
}

export function question<RefreshResult>({
  signal,
  withoutResponse,
  onEnd,
}: QuestionOptions<RefreshResult>): Question<RefreshResult> {
  let isOver = false;
  let take: (response: RefreshResult) => void;
  let refuse: (error: unknown) => void;
  const response = new Promise<RefreshResult>((resolve, reject) => {
    take = resolve;
    refuse = reject;
  });
  const end = (how: () => void) => {
    if (isOver) return;
    isOver = true;
    signal.removeEventListener("abort", drop);
    onEnd();
    how();
  };
  const drop = () => end(() => take(withoutResponse));
  signal.addEventListener("abort", drop);
  return {
    response,
    settle: (given) => end(() => take(given)),
    drop,
    fail: (error) => end(() => refuse(error)),
  };
}
