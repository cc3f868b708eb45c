"""What every command gets: the world, the words, the output, and the API of whoever is logged in."""

from functools import cached_property
from urllib.parse import quote

from shiva_cli import config
from shiva_cli.api import Api
from shiva_cli.errors import Exit, own
from shiva_cli.facts import Facts
from shiva_cli.output import Output
from shiva_cli.words import Words, language
from shiva_cli.world import World

NEAR_DAYS = 3


class Shiva:
    """Of one command."""

    def __init__(self, world: World) -> None:
        """Nothing is read and nobody is asked before it is needed."""
        self.world = world
        self.words = Words(language(world.environ), world.zone)
        self.out = Output(self.words, world.environ)

    @cached_property
    def login(self) -> config.Login:
        """Return address and token; Trouble where one is missing."""
        found = config.in_force(self.world.environ)
        if not found.address:
            raise own("no-address", Exit.NOT_LOGGED_IN)
        if not found.token:
            raise own("no-token", Exit.NOT_LOGGED_IN, address=found.address)
        return found

    @cached_property
    def api(self) -> Api:
        """Return the API; says so when the token ends soon."""
        login = self.login
        assert login.address is not None  # noqa: S101 - `login` looked
        if ends := config.expires_soon(login, self.world.now(), days=NEAR_DAYS):
            self.out.say("login.ends", when=self.words.when(ends, self.world.now()))
        return Api(login.address, login.token, self.world)

    def containers(self, *, everybody: bool = False) -> list[Facts]:
        """Return one's own containers, or everybody's."""
        return self.api.get("containers", scope="all" if everybody else "own").facts.each("containers")

    def container(self, name: str) -> Facts:
        """Return one's own container of that name or id; for an admin anybody's, by id."""
        for each in self.containers():
            if name in {each.text("name"), each.text("id")}:
                return each
        if "--" in name:
            return self.api.get(f"containers/{quote(name, safe='')}").facts
        raise own("no-such-container", Exit.USAGE, name=name)

    def url(self, container: Facts) -> str:
        """Return where a container's notebook is; never at another host than a page would lead to."""
        path = container.text("url") or "/"
        return f"{self.login.address}/{quote(path.lstrip('/'), safe='/%@:+~')}"
