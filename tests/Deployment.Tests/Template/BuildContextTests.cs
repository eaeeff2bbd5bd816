using Deployment.Tests.Stack;

namespace Deployment.Tests.Template;

/// <summary>What faas-cli would hand to a container engine.</summary>
public sealed class BuildContextTests
{
    [Theory]
    [InlineData("sign-playlist")]
    [InlineData("ingest-video")]
    public void The_build_context_holds_the_function_its_shared_code_and_the_props_above_both_and_no_build_output(string name)
    {
        var folder = Directory.CreateTempSubdirectory("reelseal-build-context-");
        try
        {
            BuildContext.Create(StackFile.AsWritten[name], StackFile.AsWritten.CopiedPaths, folder.FullName);
            BuildContext.Ignore(folder.FullName);

            Assert.All(
                ["Dockerfile", "Root.csproj", "function/Handler.cs",
                    "function/Directory.Build.props", "function/Directory.Packages.props", "function/functions/shared/Shared.csproj"],
                file => Assert.True(File.Exists(Path.Combine(folder.FullName, file)), file));
            Assert.Single(Directory.EnumerateFiles(Path.Combine(folder.FullName, "function"), "*.csproj"));
            Assert.DoesNotContain(
                Directory.EnumerateDirectories(folder.FullName, "*", SearchOption.AllDirectories),
                path => Path.GetFileName(path) is "bin" or "obj");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("sign-playlist")]
    [InlineData("ingest-video")]
    public void No_folder_of_a_handler_has_a_name_that_faas_cli_skips(string name) => Assert.DoesNotContain(
        Directory.EnumerateDirectories(Repository.PathOf(StackFile.AsWritten[name].Handler)),
        path => Path.GetFileName(path) is "build" or "template");
}
