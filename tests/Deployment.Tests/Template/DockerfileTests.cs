using System.Text.RegularExpressions;
using CliWrap;
using CliWrap.Buffered;
using Deployment.Tests.Stack;

namespace Deployment.Tests.Template;

public sealed class DockerfileTests
{
    private static readonly string[] s_privileges = ["setcap", "chmod u+s", "sudo"];

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    [Fact]
    public void Every_image_is_named_with_an_exact_version() => Assert.All(
        Dockerfile.OfTemplate.All("FROM"),
        image => Assert.Matches(@"^(--platform=\S+ )?[a-z0-9./-]+:[0-9]+\.[0-9]+\.[0-9]+", image));

    [Fact]
    public void The_function_runs_as_a_numeric_user_that_is_not_root()
    {
        Assert.Equal("$APP_UID", Dockerfile.OfTemplate.Last("USER"));
        // Ubuntu 24.04 closes home folders to other users, and OpenFaaS may choose another user.
        Assert.DoesNotContain("/home", string.Join('\n', Dockerfile.OfTemplate.All("WORKDIR")), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_in_the_image_needs_privileges() => Assert.DoesNotContain(
        Dockerfile.OfTemplate.All("RUN"),
        command => s_privileges.Any(word => command.Contains(word, StringComparison.Ordinal)));

    [Fact]
    public void The_watchdog_forwards_to_where_the_function_listens_and_asks_it_whether_it_is_ready()
    {
        var environment = Dockerfile.OfTemplate.Environment;

        Assert.Equal("http", environment["mode"]);
        Assert.Equal(environment["ASPNETCORE_URLS"], environment["http_upstream_url"]);
        Assert.Equal("/_/ready", environment["ready_path"]);
        Assert.Equal("./Root", environment["fprocess"]);
        Assert.Equal("-1", environment["log_buffer_size"]);
        Assert.Equal("[\"fwatchdog\"]", Dockerfile.OfTemplate.Last("CMD"));
    }

    [Fact]
    public void Downloads_of_apt_stay_in_no_layer() => Assert.Contains(
        Dockerfile.OfTemplate.All("RUN"),
        command => command.Contains("apt-get install", StringComparison.Ordinal)
            && command.Contains("rm -rf /var/lib/apt/lists/* /var/cache/apt/*", StringComparison.Ordinal));

    [Fact]
    public async Task No_library_that_ffmpeg_is_linked_to_is_left_out_of_packages()
    {
        Assert.Contains(Dockerfile.OfTemplate.All("COPY"), copy => copy == "no-graphics.cfg /etc/dpkg/dpkg.cfg.d/no-graphics");
        const string exclude = "path-exclude=";
        var patterns = Repository.Read("template/csharp-httprequest/no-graphics.cfg").Split('\n')
            .Where(line => line.StartsWith(exclude, StringComparison.Ordinal))
            .Select(line => "^" + Regex.Escape(line[exclude.Length..]).Replace("\\*", ".*", StringComparison.Ordinal) + "$").ToList();
        Assert.NotEmpty(patterns);

        var ldd = await Cli.Wrap("ldd").WithArguments(["/usr/bin/ffmpeg", "/usr/bin/ffprobe"]).ExecuteBufferedAsync(TestContext.Current.CancellationToken);
        var libraries = Regex.Matches(ldd.StandardOutput, @"/\S+\.so\S*", RegexOptions.None, s_limit)
            .Select(match => match.Value.StartsWith("/lib/", StringComparison.Ordinal) ? "/usr" + match.Value : match.Value).ToList();

        Assert.Contains(libraries, library => library.Contains("libavcodec", StringComparison.Ordinal));
        Assert.DoesNotContain(libraries, library => patterns.Exists(pattern => Regex.IsMatch(library, pattern, RegexOptions.None, s_limit)));
    }

    [Fact]
    public void The_version_is_in_the_label_and_in_the_program()
    {
        Assert.Contains(
            Dockerfile.OfTemplate.All("RUN"),
            command => command.StartsWith("MinVerVersionOverride=\"${VERSION}\" dotnet publish", StringComparison.Ordinal));
        Assert.Equal("org.opencontainers.image.version=\"${VERSION}\"", Dockerfile.OfTemplate.Last("LABEL"));
        Assert.All(StackFile.AsWritten.Functions, function => Assert.Equal("${VERSION:-}", function.Map("build_args")["VERSION"]));
    }

    [Fact]
    public void Packages_of_a_build_option_are_installed_in_the_image_that_runs()
    {
        Assert.Contains(Dockerfile.OfTemplate.All("ARG"), argument => argument.StartsWith("ADDITIONAL_PACKAGE", StringComparison.Ordinal));
        Assert.Contains("${ADDITIONAL_PACKAGE}", Dockerfile.OfTemplate.Last("RUN"), StringComparison.Ordinal);
    }
}
