import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { AuthProvider } from "../../../src/react.ts";
import { auth } from "../auth.ts";
import { element } from "../element.ts";
import { rememberPlace } from "../prompts.ts";
import { noteServerUser } from "../sign-out.ts";
import { AccountButton } from "./account-button.tsx";
import { App } from "./app.tsx";

noteServerUser(auth);
rememberPlace.follow(auth);

createRoot(element("content")).render(
  <StrictMode>
    <AuthProvider auth={auth}>
      <App />
    </AuthProvider>
  </StrictMode>,
);

createRoot(element("account")).render(
  <AuthProvider auth={auth}>
    <AccountButton />
  </AuthProvider>,
);
