import { Component } from "@angular/core";
import { injectAuth, injectToken } from "../../../src/angular.ts";

export class AccountComponent {
  readonly session = injectAuth();
  readonly token = injectToken(() => ({ resource: "https://maps.example.com" }));
}

Component({
  selector: "app-account",
  template: `
    @if (session.user(); as user) {
      <button (click)="session.auth.logout()">
        {{ user.name }}, {{ token().token ? "with a map" : token().status }}
      </button>
    } @else if (session.state().status !== "loading") {
      <button (click)="session.auth.login()">Sign in</button>
    }
  `,
})(AccountComponent);
