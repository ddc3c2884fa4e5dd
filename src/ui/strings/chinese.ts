import type { Strings } from "./strings.ts";

/** Chinese texts, in simplified characters. */
export const chinese: Strings = {
  language: "zh-Hans",
  close: "关闭",

  chooseAccount: "选择账号",
  signedOut: "已退出",
  thisTab: "此标签页",
  useAnotherAccount: "使用其他账号",
  searchAccounts: "搜索账号",
  accountsFound: (count) => (count === 0 ? "没有找到账号" : `${count} 个账号`),

  rememberQuestion: (name) => `保持 ${name} 的登录状态？`,
  rememberReason: "下次可以直接进入。如果与他人共用此设备，请选择“否”。",
  yes: "是",
  no: "否",

  deviceTitle: "使用手机登录",
  deviceHelp: "扫描二维码，或打开此页面并输入代码：",
  qrCode: "打开登录页面的二维码",
  code: "代码",
  copyCode: "复制代码",
  copied: "已复制",
  timeLeft: (minutes, seconds) => (minutes > 0 ? `还剩 ${minutes} 分钟` : `还剩 ${seconds} 秒`),
  waiting: "正在等待您登录",
  retrying: "没有网络连接，正在重试；代码仍然有效",
  approved: "您已登录",
  denied: "登录已被拒绝",
  expired: "代码已过期",
  failed: "登录未成功",
  deviceAgain: "请关闭此窗口并重新登录，以获取新代码。",
  cancel: "取消",

  signIn: "登录",
  signingIn: "正在登录…",
  signInAgain: "重新登录",
  signOut: "退出登录",
  signInProblem: (code) =>
    code === "popup_blocked"
      ? "浏览器阻止了登录窗口。请允许此网站打开窗口。"
      : code === "network" || code === "timeout"
        ? "无法连接登录服务器，请稍后重试。"
        : `登录未成功（${code}）。`,
  accountOf: (name) => `账号：${name}`,
};
