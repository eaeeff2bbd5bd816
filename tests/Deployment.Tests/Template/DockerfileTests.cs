using Deployment.Tests.Stack;

namespace Deployment.Tests.Template;

public sealed class DockerfileTests
{
    [Fact]
    public void Every_image_is_named_with_an_exact_version() => Assert.All(
        Dockerfile.OfTemplate.All("FROM"),
        image => Assert.Matches(@"^[a-z0-9./-]+:[0-9]+\.[0-9]+\.[0-9]+", image));

    [Fact]
    public void The_function_runs_as_a_user_with_a_number_that_is_not_roots()
    {
        Assert.Equal("$APP_UID", Dockerfile.OfTemplate.Last("USER"));
        // Home folders of Ubuntu 24.04 are closed to others, and OpenFaaS may choose another user.
        Assert.DoesNotContain("/home", string.Join('\n', Dockerfile.OfTemplate.All("WORKDIR")), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_in_the_image_asks_for_rights_that_a_user_has_not() => Assert.DoesNotContain(
        Dockerfile.OfTemplate.All("RUN"),
        command => command.Contains("setcap", StringComparison.Ordinal) || command.Contains("chmod u+s", StringComparison.Ordinal) || command.Contains("sudo", StringComparison.Ordinal));

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
    public void The_version_is_in_the_label_and_in_the_program()
    {
        Assert.Contains(Dockerfile.OfTemplate.All("RUN"), command => command.StartsWith("MinVerVersionOverride=\"${VERSION}\" dotnet publish", StringComparison.Ordinal));
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
