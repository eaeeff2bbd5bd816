using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Reelseal.Infra;

/// <summary>A policy of IAM or of a bucket, built as objects and written as JSON once (IAM User Guide, "Grammar of the IAM JSON policy language").</summary>
public sealed record PolicyDocument(params ImmutableArray<PolicyStatement> Statement)
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // The document is not HTML, and an escaped character would look like a change to the provider.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>The version of the policy language, not of this document.</summary>
    [JsonPropertyOrder(-1)]
    public string Version { get; } = "2012-10-17";

    public string ToJson() => JsonSerializer.Serialize(this, s_options);
}

public enum Effect
{
    Allow,
    Deny,
}

/// <summary>Allows or denies actions on resources. Names of actions are exact: no statement of ours uses a wildcard but to deny.</summary>
/// <param name="Sid">A name for people; it has letters and digits only.</param>
/// <param name="Effect">What the statement does.</param>
/// <param name="Action">The actions, as <c>service:Name</c>.</param>
/// <param name="Resource">The ARNs that it is about; null in a role's trust, which is about the role itself.</param>
public sealed record PolicyStatement(string Sid, Effect Effect, ImmutableArray<string> Action, ImmutableArray<string>? Resource)
{
    /// <summary>Whom a bucket's policy, or a role's trust, is about: kind and name. A policy attached to a user or role has none.</summary>
    public ImmutableSortedDictionary<string, string>? Principal { get; init; }

    /// <summary>What must hold besides: operator, then key, then the values of which one must match.</summary>
    public ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, ImmutableArray<string>>>? Condition { get; init; }

    /// <summary>This statement, for one kind of principal.</summary>
    public PolicyStatement For(string kind, string name) =>
        this with { Principal = ImmutableSortedDictionary<string, string>.Empty.Add(kind, name) };

    /// <summary>This statement with one more condition; all of them must hold.</summary>
    public PolicyStatement When(string test, string key, params ImmutableArray<string> values)
    {
        var conditions = Condition ?? ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, ImmutableArray<string>>>.Empty;
        var keys = conditions.GetValueOrDefault(test) ?? ImmutableSortedDictionary<string, ImmutableArray<string>>.Empty;
        return this with { Condition = conditions.SetItem(test, keys.Add(key, values)) };
    }
}
