// First: the packages of Angular need the compiler when they are imported without Angular's build.
import "@angular/compiler";
import { Component, type EnvironmentProviders, type Provider, type Type } from "@angular/core";
import { TestBed, type ComponentFixture } from "@angular/core/testing";
import { BrowserTestingModule, platformBrowserTesting } from "@angular/platform-browser/testing";
import { provideAuth } from "../../src/angular.ts";
import type { Auth } from "../../src/core/auth.ts";

TestBed.initTestEnvironment(BrowserTestingModule, platformBrowserTesting());

/** Makes a component. The syntax of decorators is not erasable, so the decorator is called. */
export function component<T>(template: string, type: Type<T>): Type<T> {
  Component({ selector: "app-root", template })(type);
  return type;
}

/** Renders a component in an app that has `auth`. Change detection has no zone. */
export function render<T>(
  auth: Auth,
  type: Type<T>,
  providers: readonly (Provider | EnvironmentProviders)[] = [],
): { fixture: ComponentFixture<T>; text: () => string } {
  TestBed.configureTestingModule({ providers: [provideAuth(auth), ...providers] });
  const fixture = TestBed.createComponent(type);
  const element = fixture.nativeElement as HTMLElement;
  return { fixture, text: () => element.textContent.trim() };
}
