using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Reelseal;
using Reelseal.Testing;

namespace IngestVideo.Tests;

public sealed class SettingsPageTests
{
    private readonly SettingsPage _page = new("ingest-video");

    [Fact]
    public void The_function_reads_the_settings_of_the_documentation_with_the_same_defaults()
    {
        var settings = new Settings(name => name == "STORE_DIRECTORY" ? "store" : null, Path.GetTempPath());
        Assert.Throws<OptionsValidationException>(() => Handler.MapServices(new ServiceCollection(), settings)); // after it has read all
        _page.AssertIsRead(settings);
    }

    [Fact]
    public void Stack_yml_has_the_settings_of_the_documentation_with_the_same_defaults() => _page.AssertIsDeployed();
}
