using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Reelseal;
using Reelseal.Testing;

namespace SignPlaylist.Tests;

public sealed class SettingsPageTests
{
    private readonly SettingsPage _page = new("sign-playlist");

    [Fact]
    public void The_function_reads_the_settings_of_the_documentation_with_the_same_defaults()
    {
        var settings = new Settings(_ => null, Path.GetTempPath());
        Assert.Throws<OptionsValidationException>(() => Handler.MapServices(new ServiceCollection(), settings)); // after it has read all
        _page.AssertIsRead(settings);
    }

    [Fact]
    public void Stack_yml_has_the_settings_of_the_documentation_with_the_same_defaults() => _page.AssertIsDeployed();
}
