/** A question that is answered once: by the person, or when nobody waits any more. */
export interface Question<Answer> {
  readonly answer: Promise<Answer>;
  settle(answer: Answer): void;
  /** Unanswered. */
  readonly drop: () => void;
  fail(error: unknown): void;
}

export interface QuestionOptions<Answer> {
  readonly signal: AbortSignal;
  /** What it means when the person says nothing. */
  readonly unanswered: Answer;
  /** Hides what is shown. Called once, however it ends. */
  readonly onEnd: () => void;
}

export function question<Answer>({
  signal,
  unanswered,
  onEnd,
}: QuestionOptions<Answer>): Question<Answer> {
  let isOver = false;
  let take: (answer: Answer) => void;
  let refuse: (error: unknown) => void;
  const answer = new Promise<Answer>((resolve, reject) => {
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
  const drop = () => end(() => take(unanswered));
  signal.addEventListener("abort", drop);
  return {
    answer,
    settle: (given) => end(() => take(given)),
    drop,
    fail: (error) => end(() => refuse(error)),
  };
}
