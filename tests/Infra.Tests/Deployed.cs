using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Pulumi;
using Pulumi.Testing;
using Pulumi.Utilities;
using Reelseal.Infra;

namespace Infra.Tests;

/// <summary>What the program asks the engine for, given a configuration, with a provider that answers as AWS would.</summary>
internal sealed class Deployed
{
    private readonly IDictionary<string, object?> _outputs;

    /// <summary>The inputs of every resource, as JSON, by type and name.</summary>
    public required ImmutableArray<DeployedResource> Resources { get; init; }

    private Deployed(IDictionary<string, object?> outputs) => _outputs = outputs;

    public IEnumerable<string> OutputNames => _outputs.Keys.Order(StringComparer.Ordinal);

    public static Task<Deployed> With(params (string Name, string Value)[] changes) => WithStack("test", changes);

    public static async Task<Deployed> WithStack(string stack, params (string Name, string Value)[] changes)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["gateway"] = "https://functions.example.com",
            ["publicKeys"] = JsonSerializer.Serialize(new[] { NewKey() }),
            ["originSecret"] = "0123456789abcdef0123456789abcdef",
        };
        foreach (var (name, value) in changes)
            values[name] = value;
        var provider = new Provider();
        var (_, outputs) = await Deployment.TestAsync(
            provider,
            // Without a root directory, the SDK reports a CLI that is too old as soon as the page is looked for.
            new TestOptions { ProjectName = "reelseal", StackName = stack, RootDirectory = AppContext.BaseDirectory, IsPreview = false },
            () => Infrastructure.Deploy(values.GetValueOrDefault));
        return new(outputs) { Resources = provider.Resources };
    }

    public static string NewKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportSubjectPublicKeyInfoPem();
    }

    /// <summary>The only resource of a type.</summary>
    public JsonElement Only(string type) => Assert.Single(All(type)).Inputs;

    public IEnumerable<DeployedResource> All(string type) => Resources.Where(resource => resource.Type == type);

    public Task<string> Output(string name) => OutputUtilities.GetValueAsync(Assert.IsType<Output<string>>(_outputs[name]));

    public Task<bool> IsSecret(string name) => Pulumi.Output.IsSecretAsync(Assert.IsType<Output<string>>(_outputs[name]));

    /// <summary>Returns each resource's inputs and what AWS would add to them.</summary>
    private sealed class Provider : IMocks
    {
        private ImmutableArray<DeployedResource> _resources = [];

        public ImmutableArray<DeployedResource> Resources => _resources;

        public Task<(string? id, object state)> NewResourceAsync(MockResourceArgs args)
        {
            var inputs = args.Inputs.ToDictionary(
                input => input.Key, input => input.Value is AssetOrArchive ? "asset" : input.Value, StringComparer.Ordinal);
            var resource = new DeployedResource(args.Type ?? "", args.Name ?? "", JsonSerializer.SerializeToElement(inputs));
            ImmutableInterlocked.Update(ref _resources, (resources, added) => resources.Add(added), resource);
            var state = new Dictionary<string, object>(args.Inputs, StringComparer.Ordinal);
            state.TryAdd("name", $"{args.Name}-1a2b3c4");
            state["arn"] = $"arn:of:{resource.Id}";
            switch (args.Type)
            {
                case "aws:s3/bucket:Bucket":
                    state["region"] = "eu-central-1";
                    state["bucketRegionalDomainName"] = $"{resource.Id}.s3.eu-central-1.amazonaws.com";
                    break;
                case "aws:cloudfront/distribution:Distribution":
                    state["domainName"] = "d111111abcdef8.cloudfront.net";
                    break;
                case "aws:iam/accessKey:AccessKey":
                    state["secret"] = $"secret-of-{args.Name}";
                    break;
            }
            return Task.FromResult<(string?, object)>((resource.Id, state));
        }

        public Task<object> CallAsync(MockCallArgs args) => throw new NotSupportedException($"The program looks nothing up, but asked for {args.Token}.");
    }
}

internal sealed record DeployedResource(string Type, string Name, JsonElement Inputs)
{
    public string Id => $"{Type[(Type.LastIndexOf(':') + 1)..]}-{Name}";
}
