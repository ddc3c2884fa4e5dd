import type { ReactElement } from "react";
import { RequireAuth } from "../../../src/react.ts";
import { ApiCard } from "./api-card.tsx";
import { Greeting } from "./greeting.tsx";
import { RememberPlace } from "./remember-place.tsx";
import { SignInHero } from "./sign-in-hero.tsx";
import { TokenCard } from "./token-card.tsx";

/** `RequireAuth` shows its children to a logged-in user, and the fallback otherwise. */
export function App(): ReactElement {
  return (
    <RequireAuth fallback={(gate) => <SignInHero {...gate} />}>
      <div className="board">
        <Greeting />
        <RememberPlace />
        <TokenCard />
        <ApiCard />
      </div>
    </RequireAuth>
  );
}
