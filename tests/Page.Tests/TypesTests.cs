using CliWrap;
using CliWrap.Buffered;
using Reelseal.Testing;

namespace Reelseal.Page.Tests;

/// <summary>The player's types, as a developer's compiler reads them from the package.</summary>
public sealed class TypesTests
{
    [Theory(Timeout = 60_000)]
    [InlineData("nodenext", "nodenext")]
    [InlineData("esnext", "bundler")]
    public async Task The_package_has_types_for_what_developers_write(string module, string resolution)
    {
        var tests = Path.Combine(Local.Repository.Root, "tests", "Page.Tests");
        var compiler = Path.Combine(tests, "node_modules", "typescript", "bin", "tsc");
        Assert.SkipUnless(File.Exists(compiler), "TypeScript is not installed: make test installs it.");
        using var project = new TemporaryDirectory();
        var packages = Directory.CreateDirectory(Path.Combine(project.Path, "node_modules")).FullName;
        Directory.CreateSymbolicLink(Path.Combine(packages, "reelseal-player"), Path.Combine(Local.Repository.Root, "web", "player"));
        File.Copy(Path.Combine(tests, "types.ts"), Path.Combine(project.Path, "types.ts"));
        await File.WriteAllTextAsync(Path.Combine(project.Path, "package.json"), """{"type":"module"}""", TestContext.Current.CancellationToken);

        var result = await Cli.Wrap("node").WithWorkingDirectory(project.Path).WithValidation(CommandResultValidation.None)
            .WithArguments(
                [compiler, .. $"--noEmit --strict --lib es2022,dom,dom.iterable --module {module} --moduleResolution {resolution} types.ts".Split(' ')])
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);

        Assert.Equal("", result.StandardOutput);
        Assert.Equal(0, result.ExitCode);
    }
}
