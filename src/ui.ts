export { defineLatchkeyElements } from "./ui/define.ts";
export { LatchkeyAvatar } from "./ui/avatar-element.ts";
export { LatchkeyUsers } from "./ui/users.ts";
export { LatchkeyButton } from "./ui/button.ts";
export type { ButtonAuth } from "./ui/button.ts";
export { LatchkeyDevice } from "./ui/device.ts";
export { LatchkeyRemember } from "./ui/remember.ts";
export { loginPrompt } from "./ui/login-prompt.ts";
export type { LoginPromptParts } from "./ui/login-prompt.ts";

export { chinese } from "./ui/strings/chinese.ts";
export { english } from "./ui/strings/english.ts";
export { german } from "./ui/strings/german.ts";
export type { Strings } from "./ui/strings/strings.ts";
