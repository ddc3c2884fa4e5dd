import { build } from "vite"; import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
const root=process.argv[2]+"/test/size/apps";
const r=await build({configFile:false,root,logLevel:"error",resolve:{conditions:["module","browser","production"]},define:{"process.env.NODE_ENV":'"production"'},build:{write:false,target:"es2022",rolldownOptions:{input:join(root,"app.html"),external:["react"]},modulePreload:{polyfill:false}}});
const out=(Array.isArray(r)?r:[r]).flatMap(x=>x.output).filter(c=>c.type==="chunk");
const by=new Map(out.map(c=>[c.fileName,c]));
const entry=out.find(c=>c.isEntry);
const seen=new Set();const go=f=>{if(seen.has(f))return;seen.add(f);by.get(f).imports.forEach(go)};go(entry.fileName);
let sum=0;for(const f of seen){const c=by.get(f);const b=brotliCompressSync(c.code).length;sum+=b;console.log(b,f,Object.entries(c.modules).map(([id,m])=>id.replace(/.*\/(src|node_modules)\//,"").replace(/.*vite/,"vite")+":"+m.renderedLength).slice(0,12).join(" "));}
console.log(sum);
for(const c of out.filter(c=>/protocol.chunk|session-work|logins|authorize|discovery/.test(c.fileName))) {console.log("--",c.fileName,brotliCompressSync(c.code).length); for(const [id,m] of Object.entries(c.modules).sort((a,b)=>b[1].renderedLength-a[1].renderedLength).slice(0,40)) console.log("   ",m.renderedLength,id.replace(/.*\/(src|node_modules)\//,"$1/"));}
