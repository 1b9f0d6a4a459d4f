"""The tools. Those that run the project's code are not marked as read-only: an agent may just have written it."""

import json
from pathlib import Path

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from . import documentation
from .runs import LIMIT, run_command

_INSTRUCTIONS = (
    "Tools for a project with flask-on-aws, which runs Flask and other Python web apps on AWS with Pulumi. None of "
    "them changes the project or anything on AWS. Search the documentation before you change settings, and call "
    "`review` after a change: it reports what the change does to production, and whether data would be lost."
)
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_RUNS = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
_FAILED_CHECKS = 1  # exit code of a review or a preflight that was made and has something to report


def create_server(root: Path, version: str) -> MCPServer[None]:
    """The server for a project.

    Args:
        root: the folder of the project; the tools accept no folder outside of it.
        version: that of this package.
    """
    server: MCPServer[None] = MCPServer("flask-on-aws", instructions=_INSTRUCTIONS, version=version, log_level="ERROR")
    _add_documentation(server)
    _add_commands(server, root.resolve())
    return server


def _add_documentation(server: MCPServer[None]) -> None:
    @server.tool(annotations=_READS, structured_output=False)
    def search_docs(query: str) -> str:
        """Search the documentation of flask-on-aws: settings, commands, errors, how-to guides.

        Args:
            query: a few words, such as `databaseMultiAz standby`.
        """
        found = documentation.search(query)
        entries = [
            {"page": each.page, "section": each.heading, "excerpt": documentation.excerpt(each, query)}
            for each in found
        ]
        return json.dumps(entries, ensure_ascii=False, indent=1)

    @server.tool(annotations=_READS, structured_output=False)
    def read_docs(page: str, section: str = "") -> str:
        """Read a page of the documentation, or a section of it.

        Args:
            page: its name, as search_docs returns it, such as `databases`.
            section: the heading of a section. Default: the whole page.
        """
        text = documentation.pages().get(page)
        if text is None:
            raise ToolError(f"page: there is no page {page!r}; use one of {', '.join(documentation.pages())}.")
        if section:
            headings = {each.heading: each.text for each in documentation.sections() if each.page == page}
            if section not in headings:
                raise ToolError(f"section: {page} has no section {section!r}; use one of {', '.join(headings)}.")
            text = headings[section]
        return text if len(text) <= LIMIT else f"{text[:LIMIT]}\n… Name a section to read the rest."


def _add_commands(server: MCPServer[None], root: Path) -> None:
    @server.tool(annotations=_READS, structured_output=False)
    async def plan(folder: str = ".") -> str:
        """Show how an app would be built and started, and why, as JSON. Nothing of the app runs.

        Args:
            folder: the app's folder, relative to the project.
        """
        return await _output(["plan", "--json", str(_inside(root, folder))], root)

    @server.tool(annotations=_RUNS, structured_output=False)
    async def review(folder: str = ".", stack: str = "", base: str = "", as_json: bool = False) -> str:
        """Report what the changes in the working tree do to a stack: what restarts, is replaced, or loses data.

        This runs the Pulumi program of the working tree and of another commit, without an account and a network.

        Args:
            folder: the folder of Pulumi.yaml, relative to the project.
            stack: the stack. Default: prod or production, or the only one.
            base: the commit to compare with. Default: where the branch left the main branch.
            as_json: whether the report is JSON, as docs/review.md describes it, instead of text.
        """
        options = [f"--stack={stack}", f"--base={base}", f"--format={'json' if as_json else 'text'}"]
        return await _output(["review", f"--project={_inside(root, folder)}", *options], root)

    @server.tool(annotations=_RUNS, structured_output=False)
    async def preflight(folder: str = ".", stack: str = "") -> str:
        """Build and run an app as on AWS, and report each check as JSON, with the cause and the fix. Takes minutes.

        Args:
            folder: the app's folder, relative to the project.
            stack: the stack whose settings apply. Default: none, each setting has its default.
        """
        arguments = ["preflight", "--json", f"--project={root}", f"--stack={stack}", str(_inside(root, folder))]
        return await _output(arguments, root)


async def _output(arguments: list[str], root: Path) -> str:
    try:
        run = await run_command(arguments, root)
    except TimeoutError:
        raise ToolError(f"{arguments[0]} took too long and was stopped.") from None
    if run.code not in (0, _FAILED_CHECKS) or not run.output.strip():
        raise ToolError(run.errors.strip() or f"{arguments[0]} failed with exit code {run.code}.")
    return run.output


def _inside(root: Path, folder: str) -> Path:
    """A folder of the project.

    Raises:
        ToolError: if it is not one.
    """
    try:
        path = (root / folder).resolve()
        is_folder = path.is_relative_to(root) and path.is_dir()
    except (OSError, ValueError, RuntimeError):
        is_folder = False
        path = root
    if not is_folder:
        raise ToolError(f"folder: {folder!r} is not a folder of the project {root}.")
    return path
