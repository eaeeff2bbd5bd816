// links.mjs: checks that every relative link in Markdown leads to a file, and every anchor to a heading. Ends with 1 if one does not.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const pages = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" }).split("\n").filter(Boolean);

/** The anchors that GitHub makes of a page's headings. */
const anchorsOf = page => new Set([...readFileSync(page, "utf8").replace(/```[^]*?```/g, "").matchAll(/^#+ (.*)$/gm)]
  .map(([, heading]) => heading.toLowerCase().replace(/[^\p{L}\p{N}\- _]/gu, "").replaceAll(" ", "-")));

for (const page of pages) {
  const text = readFileSync(join(root, page), "utf8").replace(/```[^]*?```|`[^`\n]*`/g, code => code.replace(/[^\n]/g, " "));
  for (const { 1: link, index } of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(link)) continue;
    const [path, anchor] = link.split("#");
    const target = path ? join(root, dirname(page), path) : join(root, page);
    if (existsSync(target) && (!anchor || anchorsOf(target).has(anchor))) continue;
    console.log(`${page}:${text.slice(0, index).split("\n").length}: ${link} leads nowhere (${relative(root, target)})`);
    process.exitCode = 1;
  }
}
