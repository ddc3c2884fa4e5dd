import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { AuthProvider } from "../../../src/react.ts";
import { auth } from "../auth.ts";
import { element } from "../element.ts";
import { AccountButton } from "./account-button.tsx";
import { App } from "./app.tsx";

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
